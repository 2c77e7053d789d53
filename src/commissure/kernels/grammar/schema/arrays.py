"""Keywords of arrays."""

from __future__ import annotations

from commissure.kernels.grammar.schema.formula import formula
from commissure.kernels.grammar.schema.source import Place
from commissure.kernels.grammar.schema.terms import ANYTHING, NOTHING, Array, Counted, Formula


def arrays_of(place: Place) -> tuple[Array, ...]:
    """prefixItems, items (an array of schemas in old drafts), contains, minItems, maxItems, uniqueItems."""
    prefix, items = _items(place)
    least = place.count("minItems") if "minItems" in place.contents else 0
    most = place.count("maxItems") if "maxItems" in place.contents else None
    unique = place.pointer if "uniqueItems" in place.contents and place.expect("uniqueItems", bool) else None
    if NOTHING in prefix:
        most = min(prefix.index(NOTHING), len(prefix) if most is None else most)
    if items == NOTHING:
        most = min(len(prefix), len(prefix) if most is None else most)
    if most is not None and least > most:
        return ()
    return (Array(prefix[:most], items, least, most, _counted(place), unique),)


def _items(place: Place) -> tuple[tuple[Formula, ...], Formula]:
    first = "prefixItems" if "prefixItems" in place.contents else "items"
    if first in place.contents and isinstance(place.contents[first], list):
        if first == "items" and place.draft == "2020-12":
            raise place.invalid("items", "an array of schemas is called 'prefixItems' in draft 2020-12")
        prefix = tuple(formula(place.below(first, number)) for number in range(len(place.contents[first])))
        later = "items" if first == "prefixItems" else "additionalItems"
        return prefix, formula(place.below(later)) if later in place.contents else ANYTHING
    if first == "prefixItems":
        place.expect("prefixItems", list)
    return (), formula(place.below("items")) if "items" in place.contents else ANYTHING


def _counted(place: Place) -> tuple[Counted, ...]:
    if "contains" not in place.contents:
        return ()
    least = place.count("minContains") if "minContains" in place.contents else 1
    most = place.count("maxContains") if "maxContains" in place.contents else None
    if not least and most is None:
        return ()
    return (Counted(formula(place.below("contains")), 0, least, most),)
