"""unevaluatedProperties and unevaluatedItems, where what is evaluated does not hang on the instance."""

from __future__ import annotations

from collections.abc import Iterator

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import formula
from commissure.kernels.grammar.schema.scalars import matching
from commissure.kernels.grammar.schema.source import Place
from commissure.kernels.grammar.schema.terms import ANYTHING, Array, Formula, Leaf, Object, Rest
from commissure.kernels.grammar.schema.value import where_array, where_object

CHOICES = ("anyOf", "oneOf", "if", "dependentSchemas", "$dynamicRef", "$recursiveRef")
"""Keywords under which a subschema may or may not be what evaluates a member."""


def unevaluated(place: Place) -> Iterator[Formula]:
    """What is left over by the keywords beside it, and by those of `$ref` and `allOf`."""
    if "unevaluatedProperties" in place.contents:
        value = formula(place.below("unevaluatedProperties"))
        keys = _left_over(place, "unevaluatedProperties")
        if value != ANYTHING and not keys.empty:
            seen = ~keys
            rest = [Rest(keys, value), Rest(seen, ANYTHING)]
            yield Leaf(where_object(Object(rest=tuple(part for part in rest if not part.keys.empty))))
    if "unevaluatedItems" in place.contents:
        value = formula(place.below("unevaluatedItems"))
        seen_items = max(_items(one, place) for one in _together(place, "unevaluatedItems"))
        if value != ANYTHING and seen_items < ALL_ITEMS:
            yield Leaf(where_array(Array((ANYTHING,) * seen_items, value)))


ALL_ITEMS = 1_000_000


def _together(place: Place, keyword: str) -> Iterator[Place]:
    """The place and all that is applied to the same value without a choice."""
    waiting, seen = [place], {place}
    while waiting:
        here = waiting.pop()
        choice = next((name for name in CHOICES if name in here.contents), None)
        if choice is not None:
            raise place.irregular(keyword, f"{keyword!r} beside {choice!r}: what is evaluated hangs on the instance")
        yield here
        below = [here.below("allOf", number) for number in range(len(here.contents.get("allOf", ())))]
        if "$ref" in here.contents:
            below.append(here.referred("$ref"))
        for one in below:
            if isinstance(one, Place) and one not in seen:
                seen.add(one)
                waiting.append(one)


def _left_over(place: Place, keyword: str) -> Texts:
    keys = Texts.all()
    for one in _together(place, keyword):
        other = one is not place and "unevaluatedProperties" in one.contents
        if other or "additionalProperties" in one.contents:
            return Texts.of(())
        keys = keys - Texts.of(one.contents.get("properties", ()))
        for pattern in one.contents.get("patternProperties", ()):
            keys = keys - matching(one, f"patternProperties/{pattern}", pattern)
    return keys


def _items(place: Place, asking: Place) -> int:
    """How many first items a place evaluates. `contains` evaluates those that it finds."""
    if place is not asking and "unevaluatedItems" in place.contents:
        return ALL_ITEMS
    if "contains" in place.contents:
        raise place.irregular("contains", "'unevaluatedItems' beside 'contains' hangs on the instance")
    if isinstance(place.contents.get("items"), list):
        return ALL_ITEMS if "additionalItems" in place.contents else len(place.contents["items"])
    return ALL_ITEMS if "items" in place.contents else len(place.contents.get("prefixItems", ()))
