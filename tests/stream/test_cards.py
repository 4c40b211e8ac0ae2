"""Cards, certificates, identities: who may connect, and what is kept secret."""

import datetime as dt
import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from midstream_lab.errors import InputError
from midstream_lab.stream import Card
from midstream_lab.stream.certificates import LEAF_DAYS, NAME, Authority, LeafKeeper
from midstream_lab.stream.folder import create_private, data_folder, write_private
from midstream_lab.stream.identity import load_identity

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
owner_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner-only mode")


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(
        name="lab",
        server="0123456789abcdef",
        addresses=("127.0.0.1:4433", "[::1]:4433"),
        authority=Authority(tmp_path).pem,
        token="s3cret_" + "x" * 36,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_card_masks_its_token(card: Card) -> None:
    for text in (repr(card), str(card), card._repr_html_(), f"{card}"):
        assert card.token not in text
    assert card._repr_html_() == card._repr_html_()


def test_a_card_comes_back_from_its_file(card: Card, tmp_path: Path) -> None:
    path = card.save(tmp_path / "my.card")
    assert Card.load(path) == Card.load(str(path)) == card


@owner_only
def test_a_card_is_readable_by_its_owner_only_even_where_it_replaces_another(card: Card, tmp_path: Path) -> None:
    path = tmp_path / "my.card"
    path.write_text("older")
    path.chmod(0o644)
    old = os.umask(0)
    try:
        card.save(path)
    finally:
        os.umask(old)
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir() if "my.card" in entry.name] == ["my.card"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a card",
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b"null",
        b'{"kind": "midstream-lab card"}',
        b'{"kind": "midstream-lab card", "version": 2}',
        b'{"kind": "midstream-lab card", "version": 1, "name": "x"}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_card_that_is_not_a_card_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.card"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.card: .*card"):
        Card.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": 3},
        {"server": "xyz"},
        {"addresses": []},
        {"addresses": ["nowhere"]},
        {"addresses": ["host:0"]},
        {"addresses": ["host:99999"]},
        {"addresses": "127.0.0.1:1"},
        {"addresses": [7]},
        {"authority": "-----BEGIN PRIVATE KEY-----"},
        {"token": "short"},
        {"token": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_field_that_makes_no_sense_is_refused(change: dict, card: Card, tmp_path: Path) -> None:
    path = card.save(tmp_path / "x.card")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError) as caught:
        Card.load(path)
    assert card.token not in str(caught.value)


def test_a_card_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"server\.card\.save"):
        Card.load(tmp_path / "none.card")
    with pytest.raises(InputError, match="cannot be read"):
        Card.load(tmp_path)


def test_a_card_cannot_be_saved_where_there_is_no_folder(card: Card, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        card.save(tmp_path / "none" / "x.card")


def test_the_authority_lasts(tmp_path: Path) -> None:
    first = Authority(tmp_path, now=NOW)
    assert Authority(tmp_path, now=NOW).pem == first.pem
    certificate = x509.load_pem_x509_certificate(first.pem.encode())
    assert (certificate.not_valid_after_utc - NOW).days in range(3652, 3655)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "PRIVATE" not in first.pem


@owner_only
def test_the_key_of_the_authority_is_readable_by_its_owner_only(data: Path) -> None:
    assert mode(Authority(data_folder()).path) == 0o600
    assert mode(data) == 0o700


def test_an_authority_that_is_none_or_has_expired_is_refused(tmp_path: Path) -> None:
    Authority(tmp_path, now=NOW)
    with pytest.raises(InputError, match="expired"):
        Authority(tmp_path, now=NOW + dt.timedelta(days=4000))
    (tmp_path / "authority.pem").write_text("garbage")
    with pytest.raises(InputError, match="not a readable certificate authority"):
        Authority(tmp_path)


def test_a_leaf_is_p256_for_the_fixed_name_and_lasts_less_than_14_days(tmp_path: Path) -> None:
    leaf = Authority(tmp_path, now=NOW).leaf(now=NOW)
    certificate = leaf.certificate
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert isinstance(certificate.public_key().curve, ec.SECP256R1)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [NAME] == ["midstream-lab.local"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == dt.timedelta(days=LEAF_DAYS)
    assert LEAF_DAYS == 13


def test_a_leaf_is_renewed_while_the_server_runs(tmp_path: Path) -> None:
    now = NOW
    keeper = LeafKeeper(Authority(tmp_path, now=NOW), clock=lambda: now)
    first = keeper.leaf
    now = NOW + dt.timedelta(days=9)
    assert not keeper.renew()
    assert keeper.leaf is first
    now = NOW + dt.timedelta(days=11)
    assert keeper.renew()
    assert keeper.leaf.ends > now + dt.timedelta(days=12)
    assert keeper.leaf.certificate.serial_number != first.certificate.serial_number


def test_two_first_starts_at_once_agree_on_one_file(tmp_path: Path) -> None:
    assert create_private(tmp_path / "a", b"one")
    assert not create_private(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    write_private(tmp_path / "a", b"three")
    assert (tmp_path / "a").read_bytes() == b"three"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"] or {e.name for e in tmp_path.iterdir()} == {
        "a",
        "data",
    }


def test_token_and_id_last_as_long_as_the_name_and_a_rotation_ends_the_token(tmp_path: Path) -> None:
    first = load_identity(tmp_path, "lab/ä b")
    assert load_identity(tmp_path, "lab/ä b") == first
    rotated = load_identity(tmp_path, "lab/ä b", rotate_token=True)
    assert rotated == replace(first, token=rotated.token)
    assert rotated.token != first.token
    assert load_identity(tmp_path, "lab/ä b") == rotated
    assert load_identity(tmp_path, "other").server != first.server
    assert first.token not in repr(first)
    if sys.platform != "win32":
        assert all(mode(path) == 0o600 for path in (tmp_path / "servers").iterdir())


def test_a_damaged_identity_is_named(tmp_path: Path) -> None:
    load_identity(tmp_path, "lab")
    (tmp_path / "servers" / "lab.json").write_text("{}")
    with pytest.raises(InputError, match=r"lab\.json is damaged"):
        load_identity(tmp_path, "lab")


def test_a_data_folder_that_cannot_be_made_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MIDSTREAM_LAB_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="MIDSTREAM_LAB_DATA"):
        data_folder()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the folder of other systems")
def test_the_data_folder_is_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIDSTREAM_LAB_DATA")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder() == tmp_path / ".local" / "share" / "midstream-lab"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert data_folder() == tmp_path / "xdg" / "midstream-lab"
