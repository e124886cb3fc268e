"""What a network boot is given over HTTP: asked with a real client, of a real server on loopback."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from blackstart.errors import InputError
from blackstart.metal import files, live_seed
from blackstart.metal import http as boot_http
from blackstart.metal.boot_progress import BootProgress, Step
from blackstart.metal.http import Boots
from tests.support.metal import orders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blackstart.model.cluster import Cluster

ORDER = "/order/52-54-00-aa-00-01"


class Client:
    """A server with a client for it, and what was said about what was asked."""

    def __init__(self, live: Path) -> None:
        self.said: list[str] = []
        self.desired: Cluster = orders.cluster(orders.live_files(live))
        self.asked = BootProgress(self.said.append)
        self.boots = Boots(files.served(self.desired), self.asked)
        self.url = ""

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=5)
        try:
            connection.putrequest(method, path)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path / "bundle" / "netboot")
    with boot_http.serve(made.boots, "127.0.0.1", 0) as url:
        made.url = url
        yield made


def authorise(client: Client, state: Path) -> dict[str, str]:
    order, told = orders.told(client.desired, state)
    seed = live_seed.seed(client.desired, order, told)
    script = live_seed.script(client.desired.netboot, client.url, orders.MAC, told.token)
    client.boots.authorise(orders.MAC, script, told.token, seed)
    return seed


def test_the_script_sends_each_machine_to_its_own_order_and_else_on_to_its_disk(client: Client) -> None:
    status, body = client.get("/boot.ipxe")
    lines = body.decode().splitlines()
    assert status == 200
    assert lines[0] == "#!ipxe"
    assert lines[1].startswith(f"chain {client.url}/order/${{netX/mac:hexhyp}} || ")
    assert lines[-1] == "exit 1"


def test_an_order_is_there_only_while_it_is_authorised(client: Client, tmp_path: Path) -> None:
    assert client.get(ORDER)[0] == 404
    authorise(client, tmp_path)
    status, body = client.get(ORDER)
    assert status == 200
    assert f"kernel {client.url}/live/boot/vmlinuz initrd=initrd.img live={client.url}/live/ ds=" in body.decode()
    assert f"ds=nocloud;s={client.url}/seed/hard-to-guess/ BOOTIF=01-52-54-00-aa-00-01 || exit 1" in body.decode()
    assert f"initrd --name initrd.img {client.url}/live/boot/initrd.img || exit 1" in body.decode()
    client.boots.withdraw(orders.MAC)
    assert client.get(ORDER)[0] == 404


def test_a_seed_goes_with_its_order(client: Client, tmp_path: Path) -> None:
    seed = authorise(client, tmp_path)
    for name, text in seed.items():
        assert client.get(f"/seed/hard-to-guess/{name}") == (200, text.encode())
    assert client.get("/seed/guessed/user-data")[0] == 404
    client.boots.withdraw(orders.MAC)
    assert [client.get(f"/seed/hard-to-guess/{name}")[0] for name in seed] == [404] * len(seed)


def test_another_machine_gets_nothing(client: Client, tmp_path: Path) -> None:
    authorise(client, tmp_path)
    assert client.get("/order/52-54-00-aa-00-02")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/", "", "/live", "/live/", "/live/boot", "/order", "/order/", "/seed/",
        "/live/../../order.json", "/live/%2e%2e/secret", "/live/boot/../../secret", "/../secret", "/live//etc/passwd",
        "/live/boot/vmlinuz/../../../secret", "/secret", "/live/secret", "/live/away",
    ],
)  # fmt: skip
def test_nothing_else_is_served(client: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "bundle" / "secret").write_text("kept")
    assert client.get(path or "/")[0] == 404


def test_a_link_out_of_the_folder_is_not_served(tmp_path: Path) -> None:
    live = orders.live_files(tmp_path / "bundle" / "netboot")
    (live / "away").symlink_to("/etc/passwd")
    assert sorted(files.served(orders.cluster(live))) == ["boot/initrd.img", "boot/vmlinuz"]


def test_files_come_whole_in_part_or_not_at_all(client: Client) -> None:
    whole = b"kernel" * 100
    assert client.get("/live/boot/vmlinuz") == (200, whole)
    assert client.get("/live/boot/vmlinuz", "HEAD") == (200, b"")
    # What Arch's live system begins with: curl -r 0-0.
    assert client.get("/live/boot/vmlinuz", Range="bytes=0-0") == (206, b"k")
    assert client.get("/live/boot/vmlinuz", Range="bytes=597-") == (206, b"nel")
    assert client.get("/live/boot/vmlinuz", Range="bytes=0-9999") == (206, whole)


def test_it_can_be_asked_and_not_told(client: Client) -> None:
    assert client.get("/boot.ipxe", "PUT")[0] == 501
    assert client.get("/boot.ipxe", "POST")[0] == 501


def test_what_was_asked_is_said_and_a_token_is_not(client: Client, tmp_path: Path) -> None:
    authorise(client, tmp_path)
    for path in (ORDER, "/seed/hard-to-guess/user-data", "/order/52-54-00-aa-00-02", "/secret\x1b[2J"):
        client.get(path.replace("\x1b", "%1b"))
    assert client.said == [
        f"127.0.0.1 asked for {ORDER}",
        "127.0.0.1 asked for /seed/…/user-data",
        "127.0.0.1 asked for /order/52-54-00-aa-00-02: no install of it is authorised",
        "127.0.0.1 asked for /secret%1b[2J: not served",
    ]


def test_how_far_a_machine_came_has_words(client: Client, tmp_path: Path) -> None:
    authorise(client, tmp_path)
    assert client.asked.words()[0] == "it has requested nothing"
    client.get("/order/52-54-00-aa-00-02")  # in vain
    seen = [client.asked.furthest]
    for path in ("/boot.ipxe", ORDER, "/live/boot/vmlinuz", "/seed/hard-to-guess/meta-data", "/boot.ipxe"):
        client.get(path)
        seen.append(client.asked.furthest)
    assert seen == [Step.NOTHING, Step.SCRIPT, Step.ORDER, Step.KERNEL, Step.SEED, Step.SEED]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match="Address already in use") as caught:
            boot_http.require_port("127.0.0.1", port)
    assert f"sport = :{port}" in caught.value.hint


def test_it_is_bound_to_one_address(client: Client) -> None:
    port = urlsplit(client.url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port or 0), timeout=2)


def test_it_ends_with_its_block(tmp_path: Path) -> None:
    boots = Boots({}, BootProgress(lambda _words: None))
    with boot_http.serve(boots, "127.0.0.1", 0) as url:
        port = urlsplit(url).port or 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_seed_is_cloud_config_with_keys_of_this_order_alone(client: Client, tmp_path: Path) -> None:
    order, told = orders.told(client.desired, tmp_path)
    seed = live_seed.seed(client.desired, order, told)
    head, _, body = seed["user-data"].partition("\n")
    said = json.loads(body)
    assert head == "#cloud-config"
    assert json.loads(seed["meta-data"]) == {"instance-id": "ab12", "local-hostname": orders.NODE}
    files_ = {entry["path"]: entry["content"] for entry in said["write_files"]}
    assert json.loads(files_["/etc/blackstart/installation.json"]) == {"id": "ab12", "node": orders.NODE, "live": True}
    assert (
        "Address=10.66.0.13/24\nGateway=10.66.0.1\nDNS=9.9.9.9\n"
        in files_["/etc/systemd/network/05-blackstart.network"]
    )
    own = (told.folder / "id_ed25519.pub").read_text().split()[:2]
    assert said["users"] == [{"name": "root", "ssh_authorized_keys": [" ".join(own)]}]
    # The installed system's own key never travels this way.
    installed = (tmp_path / "installs" / orders.NODE / "ssh_host_ed25519_key").read_text()
    assert installed not in body
    assert said["ssh_keys"]["ed25519_private"] == told.host_key.read_text() != installed
    assert (told.folder / "known_hosts").read_text() == f"10.66.0.13 {said['ssh_keys']['ed25519_public']}\n"


def test_what_a_live_system_is_told_stays_as_long_as_its_order(client: Client, tmp_path: Path) -> None:
    order, told = orders.told(client.desired, tmp_path)
    again = live_seed.prepare(client.desired, tmp_path, order, token="another")  # noqa: S106 - the test's own
    assert (again.token, again.host_key.read_text()) == ("hard-to-guess", told.host_key.read_text())
    assert told.folder.stat().st_mode & 0o077 == 0
    assert told.host_key.stat().st_mode & 0o077 == 0
