"""The gate that every self-modification must pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..kernels.loops.gate import BOUND
from ..logic import Formula, Monitor, parse
from .tower import SIGNALS

__all__ = ["Gate", "Ruling"]

#: A shadow whose mean loss lies above the live one's by more than this share is harmful.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Ruling:
    """What the gate decides: ``"committed"``, ``"harmful"``, ``"no evidence"`` or ``"invalid"``, and why."""

    verdict: str
    reason: str


class Gate:
    """Judges a modification by its shadow run; no claim of proof, only of evidence.

    The changed copy runs beside the live tower on the same rows for at most `horizon` of them, under monitors.
    Signals at every row: ``n`` (rows so far), ``norm`` (largest norm of an expert's lag coefficients in the
    shadow), ``excess`` (mean of shadow loss less live loss, in units of the live tower's mean loss, each
    difference cut at 4 units), ``excess_low`` and ``excess_hi`` (its anytime-valid confidence sequence:
    empirical Bernstein, Waudby-Smith and Ramdas 2024, Theorem 2), ``loss_live`` and ``loss_shadow``.

    - `invalid` at once when ``G(norm < norm_bound)`` or a formula of the user's fails;
    - `harmful` at once when ``G(n >= settle -> excess <= 0.1)`` fails or ``excess_low > 0``;
    - `committed` as soon as ``n >= settle``, ``excess_hi < 0`` and every formula would hold if the run ended now;
    - `no evidence` when `horizon` rows have passed without any of these.

    Parameters
    ----------
    horizon : int, optional
        Rows of a shadow run; default 256.
    settle : int, optional
        Rows before a verdict on the loss; default 32.
    alpha : float, optional
        One less the confidence of the sequence, both sides together; default 0.05.
    norm_bound : float, optional
        Default 100.
    require : sequence of str or Formula, optional
        Further formulas over the signals; see `midstream_lab.logic.parse`.

    Raises
    ------
    InputError
        If a value is not allowed or a formula can never hold.
    FormulaError
        If a formula cannot be read or names another signal.

    Examples
    --------
    >>> Gate(require=["F[0,99](excess < -0.2)"]).formulas[-1].text
    'F[0,99](excess < -0.2)'
    >>> Gate(require=["G(norm < 0)"])
    Traceback (most recent call last):
    midstream_lab.errors.InputError: the formula 'G(norm < 0)' can never hold in a run of at most 256 rows...
    """

    def __init__(
        self,
        *,
        horizon: int = 256,
        settle: int = 32,
        alpha: float = 0.05,
        norm_bound: float = 100.0,
        require: Sequence[str | Formula] = (),
    ):
        if isinstance(require, (str, Formula)):
            raise InputError("require takes a list of formulas; put the one into brackets")
        if not (isinstance(settle, int) and isinstance(horizon, int) and 1 <= settle <= horizon <= 1_000_000):
            raise InputError(
                f"needs whole numbers 1 <= settle <= horizon <= 1,000,000, got settle {settle} and horizon {horizon}"
            )
        if not 0.0 < alpha < 1.0:
            raise InputError(f"alpha lies between 0 and 1, not {alpha!r}")
        if not 0.0 < norm_bound < math.inf:
            raise InputError(f"norm_bound is positive and finite, not {norm_bound!r}")
        self.horizon, self.settle, self.alpha, self.norm_bound = horizon, settle, alpha, norm_bound
        texts = [f"G(norm < {norm_bound!r})", f"G(n >= {settle} -> excess <= {TOLERANCE})", *map(str, require)]
        self.formulas = tuple(parse(text, signals=SIGNALS) for text in texts)
        ranges = {
            "n": (1.0, float(horizon)),
            "norm": (0.0, math.inf),
            "loss_live": (0.0, math.inf),
            "loss_shadow": (0.0, math.inf),
            **dict.fromkeys(("excess", "excess_low", "excess_hi"), (-BOUND, BOUND)),
        }
        for formula in self.formulas:
            if formula.decided(ranges=ranges, length=horizon) is False:
                raise InputError(
                    f"the formula {formula.text!r} can never hold in a run of at most {horizon} rows; "
                    f"every modification would be refused"
                )

    def monitors(self) -> list[Monitor]:
        """Fresh monitors for a run, one for each formula."""
        return [Monitor(formula) for formula in self.formulas]

    def judge(self, monitors: Sequence[Monitor], signals: Mapping[str, float]) -> Ruling | None:
        """Give the monitors one row; the ruling, or None while the run goes on."""
        if not (math.isfinite(signals["norm"]) and math.isfinite(signals["loss_shadow"])):
            return Ruling("invalid", "the shadow's state or loss is no longer finite")
        for i, monitor in enumerate(monitors):
            if monitor.verdict is None and monitor.update(signals) is False:
                return Ruling("harmful" if i == 1 else "invalid", f"{monitor.formula} failed at n = {signals['n']:.0f}")
        if signals["n"] < self.settle and signals["n"] < self.horizon:
            return None
        if signals["excess_low"] > 0.0:
            return Ruling("harmful", f"excess_low = {signals['excess_low']:.3g} > 0: the loss is larger")
        better = signals["excess_hi"] < 0.0
        unmet = [monitor.formula for monitor in monitors if not monitor.presumed]
        if better and not unmet:
            return Ruling("committed", f"excess_hi = {signals['excess_hi']:.3g} < 0 at n = {signals['n']:.0f}")
        if signals["n"] < self.horizon:
            return None
        if unmet:
            return Ruling("invalid", f"{unmet[0]} did not hold within {self.horizon} rows")
        return Ruling("no evidence", f"excess_hi = {signals['excess_hi']:.3g} is not below 0 after {self.horizon} rows")
