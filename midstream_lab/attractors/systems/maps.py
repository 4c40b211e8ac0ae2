"""Maps with attractors that the literature has measured."""

from __future__ import annotations

import math
from typing import ClassVar

from ...kernels.attractors.maps import (
    ARNOLD_CAT,
    HENON,
    IKEDA,
    KAPLAN_YORKE,
    LOGISTIC,
    LOZI,
    STANDARD,
    TENT,
)
from .map import Map

__all__ = ["ArnoldCat", "Henon", "Ikeda", "KaplanYorke", "Logistic", "Lozi", "Standard", "Tent"]


class Logistic(Map):
    """The logistic map x -> r x (1 - x); its exponent at r = 4 is ln 2 exactly.

    Examples
    --------
    >>> m = Logistic(initial=[0.25])
    >>> float(m.step()[0]), m.now
    (0.75, 1.0)
    """

    name = "logistic"
    variables = ("x",)
    system = LOGISTIC
    defaults: ClassVar[dict[str, float]] = {"r": 4.0}
    basin = ((0.05,), (0.45,))
    transient = 1000
    citation = "May (1976), Nature 261, 459"


class Henon(Map):
    """The Henon (1976) map x -> 1 - a x^2 + y, y -> b x; largest exponent 0.41922 (Sprott 2003)."""

    name = "Henon"
    variables = ("x", "y")
    system = HENON
    defaults: ClassVar[dict[str, float]] = {"a": 1.4, "b": 0.3}
    basin = ((-0.3, -0.1), (0.3, 0.1))
    transient = 1000
    citation = "Henon (1976), Commun. Math. Phys. 50, 69"


class Tent(Map):
    """The tent map x -> mu min(x, 1 - x); exponent ln mu exactly.

    At mu = 2 every orbit of floating-point numbers ends at 0, hence the default.
    """

    name = "tent"
    variables = ("x",)
    system = TENT
    defaults: ClassVar[dict[str, float]] = {"mu": 1.99999}
    basin = ((0.05,), (0.45,))
    transient = 1000
    citation = "Ott (2002), Chaos in Dynamical Systems, section 2.1"


class Lozi(Map):
    """The Lozi (1978) map x -> 1 - a |x| + y, y -> b x, a piecewise linear Henon map."""

    name = "Lozi"
    variables = ("x", "y")
    system = LOZI
    defaults: ClassVar[dict[str, float]] = {"a": 1.7, "b": 0.5}
    basin = ((-0.1, -0.1), (0.1, 0.1))
    transient = 1000
    citation = "Lozi (1978), J. Phys. Colloq. 39, C5-9"


class Ikeda(Map):
    """The Ikeda (1979) map of light in a ring cavity: z -> 1 + u z exp(i (k - p / (1 + |z|^2)))."""

    name = "Ikeda"
    variables = ("x", "y")
    system = IKEDA
    defaults: ClassVar[dict[str, float]] = {"k": 0.4, "p": 6.0, "u": 0.9}
    basin = ((0.0, -0.5), (0.5, 0.0))
    transient = 1000
    citation = "Ikeda (1979), Opt. Commun. 30, 257"


class ArnoldCat(Map):
    """Arnold's cat map (x, y) -> (2 x + y, x + y) mod 1; exponents +-ln((3 + sqrt 5) / 2) = +-0.962424 exactly."""

    name = "Arnold cat"
    variables = ("x", "y")
    system = ARNOLD_CAT
    defaults: ClassVar[dict[str, float]] = {}
    basin = ((0.0, 0.0), (1.0, 1.0))
    transient = 100
    citation = "Arnold & Avez (1968), Ergodic Problems of Classical Mechanics"


class KaplanYorke(Map):
    """The Kaplan-Yorke (1979) map x -> 2 x mod 1, y -> a y + cos(4 pi x); exponents ln 2 and ln a exactly.

    Doubling moves the bits of a float out one by one: the factor is 2 less 1e-12, so that orbits do not end at 0.
    """

    name = "Kaplan-Yorke"
    variables = ("x", "y")
    system = KAPLAN_YORKE
    defaults: ClassVar[dict[str, float]] = {"a": 0.2}
    basin = ((0.05, -1.0), (0.95, 1.0))
    transient = 1000
    citation = "Kaplan & Yorke (1979), Lect. Notes Math. 730, 204"


class Standard(Map):
    """The Chirikov (1979) standard map p -> p + k sin q, q -> q + p (new p), both mod 2 pi; it keeps areas."""

    name = "standard"
    variables = ("q", "p")
    system = STANDARD
    defaults: ClassVar[dict[str, float]] = {"k": 6.5}
    basin = ((0.0, 0.0), (2.0 * math.pi, 2.0 * math.pi))
    transient = 0
    citation = "Chirikov (1979), Phys. Rep. 52, 263"
