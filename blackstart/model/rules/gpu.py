"""The GPUs' memory: what firmware, the kernel and the kubelet are each given of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from blackstart.model.problem import Finding
from blackstart.node.gpu.sizes import misfits
from blackstart.node.gpu.units import Wanted, bytes_of, spell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from blackstart.model.draft import Draft

# Suffixes of amounts of memory (k8s.io/apimachinery pkg/api/resource, suffix.go).
_UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 10**3, "M": 10**6, "G": 10**9}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|)")
_KUBELET = "kubelet_config"


def sizes(draft: Draft) -> Iterator[Finding]:
    """Yield sizes that firmware, the kernel or ROCm would make something else of (blackstart/node/gpu/sizes.py)."""
    gtt, pool = (draft.values.get(f"gpu_{name}_gib", 0) for name in ("gtt", "page_pool"))
    for node, carved in draft.each("gpu_carve_out_gib"):
        ram = draft.nodes[node].get("ram_gib")
        for one in misfits(Wanted(ram, carved, gtt, pool)) if ram is not None else ():
            own = one.about == "carve_out_gib"
            message = f"{one.found}; wanted: {one.wanted}"
            yield Finding((f"gpu_{one.about}",), message, one.todo[0].lower() + one.todo[1:], node if own else "")


def groups(draft: Draft) -> Iterator[Finding]:
    """Yield one number for two groups."""
    render, video = (draft.values.get(f"gpu_{name}_gid") for name in ("render", "video"))
    if render and render == video:
        message = f"found {video}, which is gpu_render_gid as well; wanted: another"
        yield Finding(
            ("gpu_video_gid",), message, "`getent group` shows which numbers are taken; 0 leaves the group's own"
        )


def reserved_twice(draft: Draft) -> Iterator[Finding]:
    """Yield a carve-out that is held back from pods once more: MemTotal, which the kubelet counts from, lacks it."""
    config: Mapping[str, Any] = draft.values.get(_KUBELET, {})
    carved = max((size for _, size in draft.each("gpu_carve_out_gib")), default=0)
    for key in ("systemReserved", "kubeReserved"):
        said = config.get(key)
        held = _bytes(str(said.get("memory", ""))) if isinstance(said, dict) else 0
        if carved and held >= bytes_of(carved):
            message = f"found {spell(held)}, and firmware has taken {carved} GiB for the GPU already; wanted: less"
            hint = "the kubelet counts from MemTotal, which lacks the carve-out: reserve for the system alone"
            yield Finding((_KUBELET, key, "memory"), message, hint)


def _bytes(quantity: str) -> int:
    """Parse an amount of memory; 0 when it is none."""
    found = _QUANTITY.fullmatch(quantity)
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0
