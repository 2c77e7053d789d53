"""Where a schema that no value satisfies contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from commissure.kernels.grammar.errors import Unsatisfiable
from commissure.kernels.grammar.schema.formula import formula
from commissure.kernels.grammar.schema.source import Place, escaped
from commissure.kernels.grammar.schema.terms import Formula

Possible = Callable[[Formula], bool]


def blamed(root: Place | bool, possible: Possible) -> Unsatisfiable:
    """The error for the deepest subschema that has to be satisfied and cannot be."""
    here, pointer, seen = root, "", set[Place]()
    while isinstance(here, Place) and here not in seen:
        seen.add(here)
        pointer = here.pointer
        below = next(((path, one) for path, one in _needed(here) if not possible(formula(one))), None)
        if below is None:
            break
        path, here = below
        pointer += path
    reason, fix = "no JSON value is valid under it", "change it, or do not ask for it"
    if isinstance(here, Place) and here.contents:
        reason = f"no JSON value is valid under {' and '.join(repr(name) for name in here.contents)}"
        fix = "look for bounds, types and parts of allOf that exclude each other"
    return Unsatisfiable(pointer, "", reason, fix)


def _needed(place: Place) -> Iterator[tuple[str, Place | bool]]:
    """Subschemas without which the place has no value, each with the way to it."""
    contents = place.contents
    if "$ref" in contents:
        yield "/$ref", place.referred("$ref")
    for number in range(len(contents.get("allOf", ()))):
        yield f"/allOf/{number}", place.below("allOf", number)
    if contents.get("type") == "object":
        for name in contents.get("required", ()):
            if name in contents.get("properties", {}):
                yield f"/properties/{escaped(name)}", place.below("properties", name)
    if contents.get("type") == "array" and contents.get("minItems", 0):
        if "contains" in contents:
            yield "/contains", place.below("contains")
        if isinstance(contents.get("items"), dict | bool) and not contents.get("prefixItems"):
            yield "/items", place.below("items")
