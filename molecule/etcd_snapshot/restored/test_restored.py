"""An etcd that was started from the snapshot holds the canary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Until
    from testinfra.host import Host

ASK = "ctr --namespace=k8s.io tasks exec --exec-id {} restored etcdctl --endpoints=http://127.0.0.1:12379 {}"


@pytest.fixture
def restored(host: Host, until: Until) -> Iterator[Host]:
    """Await the restored etcd; it and its data are gone afterwards."""
    tries = iter(range(1000))
    until(lambda: host.run(ASK.format(f"health-{next(tries)}", "endpoint health")).rc == 0, 30)
    yield host
    host.run("ctr --namespace=k8s.io tasks kill --signal SIGKILL restored")
    until(lambda: host.run("ctr --namespace=k8s.io containers rm restored").rc == 0, 30)
    host.check_output("rm -r /var/tmp/restore")


def test_the_canary_is_in_it(restored: Host) -> None:
    found = restored.run(ASK.format("get", "get /registry/secrets/default/canary"))
    assert b"tweet" in found.stdout_bytes
