"""serve and watch as processes: lines, ports, several sources, rates, Ctrl-C."""

import io
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest
from processes import WAIT, Start

from midstream_lab.cli import main, resolve
from midstream_lab.cli.progress import SPAN, Meter, Progress
from midstream_lab.cli.watch import priorities
from midstream_lab.errors import InputError
from midstream_lab.stream import Lines, TcpLines, UdpLines, connect


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- serve ---------------------------------------------------------------------------------------


def test_lines_of_standard_input_are_served_as_they_come(start: Start) -> None:
    server = start("serve", "sensor=-")
    server.say('{"x": 1, "note": "a"}\n{"x": 2, "note": "b"}\n')
    assert "sensor.card" in server.wait_line("watch it with")
    with connect("sensor.card") as client:
        feed = client.subscribe("sensor", policy="block")
        feed.wait(n=2, timeout=WAIT)
        server.say('oops\n{"x": 3, "note": "c"}\n')
        feed.wait(n=3, timeout=WAIT)
        assert feed.rows()["x"].values.tolist() == [1, 2, 3]
        assert feed.rows()["note"].values.tolist() == ["a", "b", "c"]
    code, out, err = server.interrupt()
    assert code == 130
    assert "Traceback" not in err
    assert "3 rows sent" in out
    assert re.search(r"rows sent.*, [\d.]+ MB$", out, re.M)
    assert "sensor: 1 line left out: not JSON (first: line 3, 'oops')" in out


def test_ctrl_c_ends_a_server_that_still_waits_for_its_first_line(start: Start) -> None:
    waiting = start("serve", "-")
    waiting.wait_line("waiting for the first lines of standard input")
    server = start("serve", "-", "--channels", "x", "--format", "json")  # declared: served without a line
    server.wait_line("watch it with")
    for each in (waiting, server):
        code, _, err = each.interrupt()
        assert (code, err) == (130, "stopped\n")


def test_a_server_that_is_told_to_end_says_what_it_sent(start: Start) -> None:
    server = start("serve", "lorenz")
    server.wait_line("watch it with")
    code, out, err = server.interrupt(signal.SIGTERM)
    assert (code, err) == (130, "stopped\n")
    assert re.search(r"rows sent.*, [\d.]+ MB$", out, re.M)


def test_what_is_added_to_a_file_is_served(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "app.csv"
    log.write_text("level,who\n1,a\n")
    server = start("serve", "tail:app.csv")
    server.wait_line("watch it with")
    with log.open("a") as file:
        file.write("2,b\n3,c\n")
    with connect("app.card") as client:
        feed = client.subscribe(policy="block")
        feed.wait(n=2, timeout=WAIT)
        assert feed.rows()["level"].values.tolist() == [2, 3]
        os.rename(log, tmp_path / "app.csv.1")
        log.write_text("level,who\n4,d\n")
        feed.wait(n=3, timeout=WAIT)
        assert feed.rows()["who"].values.tolist() == ["b", "c", "d"]


def test_ports_and_a_system_are_served_together(start: Start) -> None:
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    server = start(
        "serve", f"udp:{udp}", f"t=tcp:127.0.0.1:{tcp}", "lorenz", "--channels", "x,ok:bool", "--card", "all.card"
    )
    assert "midstream-lab watch all.card" in server.wait_line("watch it with")
    with connect("all.card") as client:
        assert [offer.name for offer in client.list()] == [f"udp-{udp}", "t", "lorenz"]
        first, second = client.subscribe(f"udp-{udp}"), client.subscribe("t")
        client.subscribe("lorenz").wait(n=5, timeout=WAIT)
        with socket.create_connection(("127.0.0.1", tcp)) as device:
            device.sendall(b'{"x": 2, "ok": true}\n')
            second.wait(n=1, timeout=WAIT)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.sendto(b'{"x": 1, "ok": false}', ("127.0.0.1", udp))
            first.wait(n=1, timeout=WAIT)
        assert first.rows()["x"].values.tolist() == [1]
        assert second.rows()["ok"].values.tolist() == [True]
    code, _, err = server.interrupt()
    assert (code, err) == (130, "stopped\n")


def test_help_is_enough_to_connect_a_second_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    text = capsys.readouterr().out
    for words in ("--host 0.0.0.0", "--port 4433", "scp lorenz.card", "midstream-lab watch lorenz.card", "firewalls"):
        assert words in text
    for words in ("pip install", 'connect("lorenz.card").subscribe("lorenz")', "password", "--rotate-token"):
        assert words in text
    for form in ("my.csv", "tail:app.log", "udp:9000", "tcp:9000", "pulse=my.csv", "  -  "):
        assert form in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["udp:9000"], "--channels x,y,note:text"),
        (["udp:", "--channels", "x"], "names no port"),
        (["tcp:host", "--channels", "x"], "names no port"),
        (["udp:70000", "--channels", "x"], "0 to 65535"),
        (["udp:9000", "--channels", "x,x"], "twice"),
        (["udp:9000", "--channels", "x:complex"], "allowed: float"),
        (["tcp:192.0.2.1:9000", "--channels", "x"], "address of this machine"),
        (["tail:no.log"], "no file 'no.log'"),
        (["tail:no.log", "--channel", "x"], "--channels says which"),
        (["lorenz", "lorenz"], "two sources are named lorenz"),
        (["=lorenz"], "LABEL=NAME"),
        (["a=lorens"], "Did you mean 'lorenz'"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert err.startswith("midstream-lab serve: ")


def test_a_label_comes_before_the_first_equals_sign_unless_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a=b.csv").write_text("x\n1\n")
    assert resolve.labelled("pulse=ecg") == ("pulse", "ecg")
    assert resolve.labelled("lorenz") == (None, "lorenz")
    assert resolve.labelled("a=b.csv") == (None, "a=b.csv")
    assert resolve.labelled("c=a=b.csv") == ("c", "a=b.csv")


def test_names_of_lines_make_their_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_text("one\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[1]\n")))
    tail, stdin = resolve.lines("tail:a.log"), resolve.lines("-")
    assert isinstance(tail, Lines)
    assert (tail.name, stdin.name) == ("a", "stdin")
    udp = resolve.lines("udp:0", channels="x, on:bool", time="t", unit="ms")
    tcp = resolve.lines("tcp:[::1]:0" if socket.has_ipv6 and _has_loopback6() else "tcp:127.0.0.1:0", channels="x")
    assert isinstance(udp, UdpLines)
    assert isinstance(tcp, TcpLines)
    assert [(channel.name, channel.kind) for channel in udp.schema.channels] == [("x", "float"), ("on", "bool")]
    udp.close()
    tcp.close()


def _has_loopback6() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
        return True


# -- watch ---------------------------------------------------------------------------------------


def test_several_sources_are_watched_with_a_policy_and_rates(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,x\n" + "".join(f"{n / 1000},{n}\n" for n in range(3000)))
    (tmp_path / "b.csv").write_text("t,x,word\n" + "".join(f"{n / 1000 + n % 2 / 3000},1,w{n}\n" for n in range(2000)))
    start("serve", "a.csv", "b.csv").wait_line("watch it with")
    watcher = start("watch", "a+b.card", "--policy", "block", "--window", "1000", "--no-estimate")
    out, err = watcher.process.communicate(timeout=WAIT)
    assert watcher.process.returncode == 0, err
    assert re.search(r"^a: 3,000 rows, [\d,]+ rows/s, [\d.]+ MB/s, lost 0$", out, re.M)
    assert re.search(r"^b: 2,000 rows, .* lost 0$", out, re.M)


def test_ctrl_c_ends_a_watcher_cleanly_with_what_it_has_seen(start: Start) -> None:
    start("serve", "lorenz", "rossler").wait_line("watch it with")
    watcher = start("watch", "lorenz+rossler.card", "--source", "rossler", "--source", "lorenz")
    assert "watching rossler, lorenz" in watcher.wait_line("watching")
    code, out, err = watcher.interrupt()
    assert (code, err) == (130, "stopped\n")
    assert re.search(r"^rossler: [\d,]+ rows.*\nlorenz: [\d,]+ rows", out, re.M)


def test_a_watcher_says_that_kernels_compile_and_ends_in_time_meanwhile(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("serve", "lorenz").wait_line("watch it with")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "nothing compiled yet"))
    watcher = start("watch", "lorenz.card", "--seconds", "0.5")
    out, err = watcher.process.communicate(timeout=WAIT)
    assert (watcher.process.returncode, err) == (0, "")
    assert re.search(r"^lorenz: [\d,]+ rows, .* no estimate yet$", out, re.M)
    assert re.search(r"^  compiling kernels: ", out, re.M)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "x"], "'x'"),
        (["--priority", "urgent"], "critical, high, normal, low, background"),
        (["--priority", "x=high"], "no source is named 'x'; there are lorenz"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from midstream_lab.attractors.systems import Lorenz
    from midstream_lab.stream import Simulation, serve

    with serve({"lorenz": Simulation(Lorenz())}, name="lorenz") as server:
        server.card.save("lorenz.card")
        assert main(["watch", "lorenz.card", *arguments]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert err.startswith("midstream-lab watch: ")


def test_nobody_is_believed_without_a_certificate_unless_that_is_said_in_so_many_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from midstream_lab.stream import Replay, serve
    from midstream_lab.stream.certificates import Authority

    with serve({"x": Replay([1.0, 2.0], dt=1, speed="max")}, name="x") as server:
        (tmp_path / "other").mkdir()
        replace(server.card, authority=Authority(tmp_path / "other").pem).save("x.card")
        assert main(["watch", "x.card", "--no-estimate"]) == 1
        assert "certificate was refused" in capsys.readouterr().err
        with pytest.warns(UserWarning, match="insecure_accept_any_certificate"):
            assert main(["watch", "x.card", "--no-estimate", "--insecure-accept-any-certificate"]) == 0
    assert "x: 2 rows" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "soon"])
@pytest.mark.parametrize("command", [["watch", "a.card"], ["record", "a.card", "b.zarr"]], ids=lambda words: words[0])
def test_a_time_to_stop_is_a_positive_number(
    command: list[str], seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert f"{seconds!r} is not a positive number" in capsys.readouterr().err


def test_the_delay_of_stamped_rows_is_shown_and_rows_may_come_as_datagrams(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from midstream_lab.stream import Client, Generator, Replay, serve

    asked = []
    subscribe = Client.subscribe
    monkeypatch.setattr(Client, "subscribe", lambda *a, **k: asked.append(k["delivery"]) or subscribe(*a, **k))
    sources = {"now": Generator(lambda: iter(range(5)), channels=["n"]), "then": Replay([1.0, 2.0], dt=1, speed="max")}
    with serve(sources, name="x") as server:
        server.card.save("x.card")
        assert main(["watch", "x.card", "--no-estimate", "--delivery", "datagram", "--policy", "block"]) == 0
    out = capsys.readouterr().out
    assert asked == ["datagram", "datagram"]
    assert re.search(r"^now: .*, one-way delay -?[\d.]+ ms \(\+-[\d.]+\)$", out, re.M)
    assert re.search(r"^then: .* lost \d+$", out, re.M)


def test_qlog_is_written_where_asked_for(tmp_path: Path) -> None:
    from midstream_lab.stream import Replay, serve

    with serve({"x": Replay([1.0, 2.0], dt=1, speed="max")}, name="x") as server:
        server.card.save("x.card")
        assert main(["watch", "x.card", "--no-estimate", "--qlog", "logs"]) == 0
    assert list((tmp_path / "logs").iterdir())


def test_a_priority_is_for_all_sources_or_for_one() -> None:
    names = ["a", "b"]
    assert priorities([], names) == {}
    assert priorities(["low"], names) == {"a": {"priority": "low"}, "b": {"priority": "low"}}
    assert priorities(["low", "b=critical"], names) == {"a": {"priority": "low"}, "b": {"priority": "critical"}}
    with pytest.raises(InputError, match="priority must be"):
        priorities(["b=urgent"], names)


# -- progress ------------------------------------------------------------------------------------


def test_a_rate_is_that_of_the_last_seconds() -> None:
    now = 0.0
    meter = Meter(clock=lambda: now)
    for second in range(1, 21):
        now = float(second)
        line = meter.rate(1000 * second, 8_000_000 * second)
    assert line == "1,000 rows/s, 8.00 MB/s"
    for _ in range(int(SPAN) + 1):
        now += 1.0
        line = meter.rate(20_000, 160_000_000)
    assert line == "0 rows/s, 0.00 MB/s"


def test_progress_is_drawn_over_in_a_terminal_and_only_its_end_is_printed_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Progress()
    progress.show("one", "two")
    progress.show("three", last=True)
    assert capsys.readouterr().out == "three\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "5")
    progress.show("one", "two")
    progress.show("threefold", "four")
    progress.show("five", last=True)
    assert capsys.readouterr().out == "\r\033[Jone\ntwo\033[1F\033[Jthre\nfour\033[1F\033[Jfive\n"
