"""What a package says about itself, and the packages that the roles count on."""

from __future__ import annotations

import pytest

from blackstart.lab.package_list import PACKAGES
from blackstart.lab.pacman import PackageInfo, upstream_version


def test_pkginfo_is_rendered_whole() -> None:
    info = PackageInfo(
        "kubelet",
        "1.35.1",
        "An agent",
        depends=("cni-plugins", "socat"),
        groups=("kubernetes-node",),
        backup=("etc/kubernetes/kubelet.env",),
    )
    assert info.file_name == "kubelet-1.35.1-1-x86_64.pkg.tar.zst"
    assert info.render(42) == (
        "pkgname = kubelet\n"
        "pkgbase = kubelet\n"
        "xdata = pkgtype=pkg\n"
        "pkgver = 1.35.1-1\n"
        "pkgdesc = An agent\n"
        "builddate = 1\n"
        "packager = blackstart lab build\n"
        "size = 42\n"
        "arch = x86_64\n"
        "group = kubernetes-node\n"
        "backup = etc/kubernetes/kubelet.env\n"
        "depend = cni-plugins\n"
        "depend = socat\n"
    )


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [("1:2.2.7-1+b2", "2.2.7"), ("1.1.5+ds1-1+deb12u1", "1.1.5"), ("30+20221128-1", "30"), ("1.7.4.4-2", "1.7.4.4")],
)
def test_a_debian_version_is_reduced_to_upstreams(debian: str, upstream: str) -> None:
    assert upstream_version(debian) == upstream


def test_every_dependency_is_in_the_repositories() -> None:
    names = {package.name for package in PACKAGES}
    assert {name for package in PACKAGES for name in package.depends} <= names


def test_pacmans_ansible_module_finds_a_group_and_a_dependency() -> None:
    assert any(package.groups and package.depends and package.repository == "core" for package in PACKAGES)
