"""From each node's flat variables to typed values, one variable at a time, so that one bad value hides no other."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from blackstart.model import power, variables
from blackstart.model.cluster import is_placeholder
from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from blackstart.model.variables import Variable

# What was wanted, by pydantic's name of the error; others are said in pydantic's own words. Only one
# variable has a pattern: the day of the package snapshot.
_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "ip_v4_address": "an IPv4 address such as 192.168.1.13",
    "ip_v4_network": "an IPv4 network such as 192.168.1.0/24, with no bits behind the prefix",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "model_attributes_type": "keys and values",
    "model_type": "keys and values",
    "string_pattern_mismatch": "a text like 2026/02/20",
    "string_too_short": "a text that is not empty",
    "string_type": "a text: quote it",
    "too_short": "a list that is not empty",
    "tuple_type": "a list",
    "union_tag_invalid": "one of {expected_tags}",
    "union_tag_not_found": "the key driver, which says how",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be typed: `values` by variable, `nodes` by node and variable; defaults fill what is left out.

    findings are the variables that could not: missing, of another type, or not the same for all nodes.
    """

    values: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]
    findings: tuple[Finding, ...]

    def each(self, variable: str) -> Iterator[tuple[str, Any]]:
        """Yield (node, value) for each node whose variable has a value."""
        for node, values in self.nodes.items():
            if values.get(variable) is not None:
                yield node, values[variable]


def draft(hostvars: Mapping[str, Mapping[str, Any]]) -> Draft:
    """Type every variable (pure)."""
    findings = [*_different(hostvars)]
    first: Mapping[str, Any] = next(iter(hostvars.values()), {})
    values: dict[str, Any] = {}
    for name, variable in variables.of_cluster().items():
        findings += _take(values, first, name, variable, "")
    nodes: dict[str, dict[str, Any]] = {node: {} for node in hostvars}
    for node, raw in hostvars.items():
        for name, variable in variables.of_node().items():
            findings += _take(nodes[node], raw, name, variable, node)
    return Draft(values, nodes, tuple(findings))


def _take(into: dict[str, Any], raw: Mapping[str, Any], name: str, variable: Variable, node: str) -> Iterable[Finding]:
    """Put one variable's typed value or its default into `into`, or yield what is wrong with it."""
    info = variable.info
    if name not in raw:
        if info.is_required():
            return [Finding((name,), "is missing; wanted: a value", "add it", node)]
        into[name] = info.get_default(call_default_factory=True)
        return []
    annotation: Any = Annotated[info.annotation, info]
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        into[name] = adapter.validate_python(raw[name])
    except ValidationError as error:
        # A placeholder of another type is no mistake of its own: it is named among those to fill in.
        details = [entry for entry in error.errors() if not is_placeholder(entry["input"])]
        return [_mistyped(name, entry, node) for entry in details]
    return []


def _mistyped(name: str, entry: ErrorDetails, node: str) -> Finding:
    # The first step into power is its driver, which is no key of its own.
    keys = (name, *(entry["loc"][1:] if name == "power" else entry["loc"]))
    if entry["type"] == "extra_forbidden":
        return Finding(keys, "is not a key of this variable", nearest(str(keys[-1]), variables.nested()), node)
    if entry["type"] == "missing":
        return Finding(keys, "is missing", "add it", node)
    wanted = _WANTED.get(entry["type"], entry["msg"].removeprefix("Input should be ")).format(**entry.get("ctx", {}))
    hidden = name == "power" and keys[-1] not in power.SHOWN
    found = "a value that is not shown, for it may be a secret" if hidden else f"{entry['input']!r:.80}"
    return Finding(keys, f"found {found}, wanted {wanted}", _advice(entry), node)


def _advice(entry: ErrorDetails) -> str:
    if entry["type"] == "ip_v4_network":
        try:
            return f"did you mean {IPv4Network(entry['input'], strict=False)}?"
        except ValueError:
            return "write address and prefix length"
    return "mend the value there"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known name that is most like this one."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else "take it out: nothing reads it"


def _different(hostvars: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield variables of the cluster that one node has otherwise than most: two truths would be applied."""
    for name in variables.of_cluster():
        texts = {node: repr(raw[name]) if name in raw else "nothing" for node, raw in hostvars.items()}
        usual = max(texts.values(), key=list(texts.values()).count, default="")
        for node, text in texts.items():
            if text != usual:
                message = f"{node} has {text:.60}, the others {usual:.60}; wanted: the same for all nodes"
                yield Finding((name,), message, "set it in group_vars/all only", node)
