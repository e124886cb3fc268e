"""The wrapper module that builds programs of modules whose go.mod has replace directives."""

from __future__ import annotations

import pytest

from blackstart.lab.gobuild import program_name, wrapper_module
from blackstart.lab.recipes import GO_RECIPES, GoRecipe


def test_staging_modules_get_their_real_version_and_local_replaces_go() -> None:
    recipe = GoRecipe("kubernetes", "k8s.io/kubernetes", "v1.35.1", {"kubelet": "cmd/kubelet"}, 1, staging="v0.35.1")
    parsed = {
        "Go": "1.25.0",
        "Require": [
            {"Path": "github.com/x/y", "Version": "v1.2.3"},
            {"Path": "k8s.io/api", "Version": "v0.0.0"},
        ],
        "Replace": [{"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}}],
    }
    assert wrapper_module(recipe, parsed) == (
        "module blackstart.lab/kubernetes\n"
        "\n"
        "go 1.25.0\n"
        "\n"
        "require k8s.io/kubernetes v1.35.1\n"
        "require github.com/x/y v1.2.3\n"
        "require k8s.io/api v0.35.1\n"
        "replace k8s.io/api => k8s.io/api v0.35.1\n"
    )


def test_replaces_by_version_are_kept_unless_the_recipe_drops_them() -> None:
    recipe = GoRecipe("cilium", "github.com/cilium/cilium", "v1.18.4", {}, 1, drop_replaces=("k8s.io/apimachinery",))
    parsed = {
        "Go": "1.24.0",
        "Require": None,
        "Replace": [
            {"Old": {"Path": "go.a/b", "Version": "v1.0.0"}, "New": {"Path": "go.c/d", "Version": "v2.0.0"}},
            {
                "Old": {"Path": "k8s.io/apimachinery"},
                "New": {"Path": "github.com/cilium/apimachinery", "Version": "v0"},
            },
        ],
    }
    assert wrapper_module(recipe, parsed).splitlines()[4:] == [
        "require github.com/cilium/cilium v1.18.4",
        "replace go.a/b v1.0.0 => go.c/d v2.0.0",
    ]


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("sigs.k8s.io/kustomize/kustomize/v5", "kustomize"),
        ("github.com/argoproj/argo-cd/v3/cmd", "cmd"),
    ],
)
def test_a_program_is_named_as_go_names_it(package: str, name: str) -> None:
    assert program_name(package) == name


def test_no_recipe_builds_two_programs_under_one_name() -> None:
    for recipe in GO_RECIPES:
        names = [program_name(f"{recipe.module}/{below}".rstrip("/")) for below in recipe.programs.values()]
        assert len(set(names)) == len(names), recipe.name
