"""The door to the nodes, tried on a real sshd on loopback: each way to fail has words of its own."""

from __future__ import annotations

import os
import signal
import socket
import time
from getpass import getuser
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine import ssh
from blackstart.engine.channel import RemoteError, Result
from blackstart.errors import BlackstartError, Exit, UnreachableError
from tests.support.sshd import Node, Server, fingerprint, fleet, free_port, make_key, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as made:
        yield made


def refusal(fleet: ssh.Fleet) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        fleet.run("a", ["true"])
    assert caught.value.exit_code == Exit.UNREACHABLE
    return caught.value


def test_a_command_gets_its_input_and_gives_output_and_status(server: Server) -> None:
    done = server.fleet().run("a", ["sh", "-c", "cat; echo 'to  err' >&2; exit 3"], stdin=b"in \xc3\xa9", check=False)
    assert done == Result(3, "in é", "to  err\n")


def test_arguments_arrive_as_they_are(server: Server) -> None:
    words = ["a b", "$HOME", "'", '"', "", "é;|"]
    assert server.fleet().run("a", ["printf", "%s\n", *words]).out.splitlines() == words


def test_both_streams_may_be_long(server: Server) -> None:
    script = "head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2"
    done = server.fleet().run("a", ["sh", "-c", script])
    assert (len(done.out), len(done.err)) == (9_000_000, 9_000_000)


def test_a_command_may_ignore_its_input(server: Server) -> None:
    assert server.fleet().run("a", ["true"], stdin=bytes(5_000_000)).status == 0


def test_a_status_other_than_0_raises_with_the_last_lines_and_without_arguments(server: Server) -> None:
    with pytest.raises(RemoteError, match=r"sh on a ended with status 7:\nno such thing") as caught:
        server.fleet().run("a", ["sh", "-c", "echo no such thing >&2; exit 7 # s3cret"], stdin=b"s3cret")
    assert "s3cret" not in str(caught.value) + caught.value.hint
    assert caught.value.result.status == 7


def test_a_command_that_takes_too_long_is_ended_on_the_node(server: Server, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(UnreachableError, match="sh on a did not end in 1 s and was stopped"):
        server.fleet().run("a", ["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"], timeout=1)
    assert time.monotonic() - started < 5
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


COUNTS = ("sh", "-c", "read first; n=0; while read line; do n=$((n + 1)); echo $first $line $n; done")


def asked(fleet: ssh.Fleet, line: str, *, argv: tuple[str, ...] = COUNTS, timeout: float = 10) -> Result:
    return fleet.ask("a", "counts", argv, b"hello", line.encode(), timeout=timeout)


def test_a_program_that_is_asked_again_goes_on(server: Server) -> None:
    fleet = server.fleet()
    assert [asked(fleet, word).out for word in "xyz"] == ["hello x 1", "hello y 2", "hello z 3"]


def test_a_program_whose_connection_is_lost_is_started_once_more(server: Server) -> None:
    fleet = server.fleet()
    assert asked(fleet, "x").out == "hello x 1"
    os.kill(session(fleet), signal.SIGKILL)
    assert asked(fleet, "y").out == "hello y 1"


def test_a_program_that_ends_says_how_and_is_started_at_the_next_question(server: Server) -> None:
    fleet = server.fleet()
    ended = asked(fleet, "x", argv=("sh", "-c", "read first; read line; echo no $line >&2; exit 3"))
    assert ended == Result(3, "", "no x\n")
    assert asked(fleet, "y").out == "hello y 1"


def test_a_program_that_does_not_answer_is_not_awaited_for_ever(server: Server) -> None:
    fleet = server.fleet()
    with pytest.raises(UnreachableError, match="no answer"):
        fleet.ask("a", "sleeps", ("sh", "-c", "read first; sleep 5"), b"hello", b"x", timeout=0.5)


def test_our_own_address_is_the_one_the_node_sees(server: Server) -> None:
    assert server.fleet().local_address("a") == "127.0.0.1"


def session(fleet: ssh.Fleet) -> int:
    """Return the process of sshd that serves the kept connection: the parent of what we run."""
    return int(fleet.run("a", ["sh", "-c", "cut -d' ' -f4 /proc/$PPID/stat"]).out)


def test_a_connection_is_kept_and_made_anew_when_it_died(server: Server) -> None:
    nodes = server.fleet()
    first = session(nodes)
    assert session(nodes) == first
    os.kill(first, signal.SIGKILL)
    assert session(nodes) != first
    nodes.close()
    assert session(nodes)


def test_a_command_is_not_run_twice_when_the_connection_is_lost_under_it(server: Server, tmp_path: Path) -> None:
    nodes = server.fleet()
    script = f"echo run >> {tmp_path}/runs; kill -9 {session(nodes)}; sleep 9"
    with pytest.raises(UnreachableError, match="the connection to a was lost while sh ran there"):
        nodes.run("a", ["sh", "-c", script])
    assert (tmp_path / "runs").read_text() == "run\n"


def test_everywhere_tells_results_and_errors_by_node(server: Server) -> None:
    away: Any = Node(free_port(), "b")
    nodes: list[Any] = [server.node, away]
    both = ssh.Fleet(nodes, server.state)
    said = both.everywhere(lambda name: both.run(name, ["echo", name]).out)
    assert said["a"] == "a\n"
    assert isinstance(said["b"], BlackstartError)


def test_a_refused_key_is_named_with_its_fingerprint(server: Server) -> None:
    own = server.state / "id_ed25519"
    (server.room / "authorized_keys").write_text("")
    error = refusal(server.fleet())
    assert error.message.startswith(f"{getuser()}@127.0.0.1 lets none of our keys in")
    assert f"{own} ({fingerprint(own)})" in error.message
    assert "authorized_keys" in error.hint


def test_a_key_that_cannot_be_read_is_said(server: Server) -> None:
    (server.state / "id_ed25519").write_text("no key\n")
    assert "id_ed25519 cannot be used" in refusal(server.fleet()).message


def test_another_host_key_is_shown_beside_the_pinned_one(server: Server) -> None:
    other = make_key(server.room / "other")
    server.pin(other)
    error = refusal(server.fleet())
    assert f"it shows ssh-ed25519 {fingerprint(server.room / 'host')}" in error.message
    assert f"pinned is ssh-ed25519 {fingerprint(other)}" in error.message
    assert "Do not just delete" in error.hint


def test_a_pinned_key_of_another_kind_is_another_key(server: Server) -> None:
    server.pin(make_key(server.room / "other", "ecdsa"))
    assert "pinned is ecdsa-sha2-nistp256 SHA256:" in refusal(server.fleet()).message


def test_an_unknown_host_is_refused_with_the_line_that_would_pin_it(server: Server) -> None:
    pinned = (server.state / "known_hosts").read_text().strip()
    (server.state / "known_hosts").unlink()
    error = refusal(server.fleet())
    assert f"is not known: it shows ssh-ed25519 {fingerprint(server.room / 'host')}" in error.message
    assert f"'{pinned}'" in error.hint


def test_nothing_listens(tmp_path: Path) -> None:
    port = free_port()
    error = refusal(fleet(Node(port), tmp_path))
    assert error.message == f"127.0.0.1 is up, but nothing listens on its port {port} (connection refused)"


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "CONNECT_SECONDS", 1.0)
    # A full queue of connections that nobody accepts: the kernel leaves further ones without any answer.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as one, socket.socket() as two:
        for client in (one, two):
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            client.connect_ex(server.getsockname())
        port = int(server.getsockname()[1])
        said = refusal(fleet(Node(port), tmp_path)).message
    assert said == f"no answer from 127.0.0.1:{port} in 1 s: is it powered on?"


def test_what_listens_is_not_ssh(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        nodes = fleet(Node(port), tmp_path)
        error: list[UnreachableError] = []
        asking = Thread(target=lambda: error.append(refusal(nodes)))
        asking.start()
        server.accept()[0].close()
        asking.join()
    assert f"something listens at [127.0.0.1]:{port}, but there is no talking ssh with it" in error[0].message
