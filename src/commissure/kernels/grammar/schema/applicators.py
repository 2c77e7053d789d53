"""Keywords that put subschemas together: allOf, anyOf, oneOf, not, if, references, dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import both, either, formula, negated
from commissure.kernels.grammar.schema.objects import required_names
from commissure.kernels.grammar.schema.source import OLD, Place
from commissure.kernels.grammar.schema.terms import ANYTHING, NOTHING, Formula, Leaf, Member, Object, Rest
from commissure.kernels.grammar.schema.unevaluated import unevaluated
from commissure.kernels.grammar.schema.value import where_object

OneOf = Callable[[list[Formula]], Formula]


def applied(place: Place, exclusive: OneOf) -> Iterator[Formula | None]:
    """The formulas whose intersection a place is, in the document's order; None stands for its own keywords.

    The own keywords stand where `properties` stands, so that members come in the order in which they are declared.
    """
    contents = place.contents
    if "$ref" in contents and place.draft in OLD:
        yield formula(place.referred("$ref"))
        return
    anchor = "properties" if "properties" in contents else next(iter(contents), None)
    if anchor is None:
        yield None
    for keyword in contents:
        if keyword == anchor:
            yield None
        made = _made(place, keyword, exclusive)
        if made is not None:
            yield made
    yield from unevaluated(place)


def _made(place: Place, keyword: str, exclusive: OneOf) -> Formula | None:
    if keyword == "$ref":
        return formula(place.referred("$ref"))
    if keyword in ("$dynamicRef", "$recursiveRef"):
        return _dynamic(place, keyword)
    if keyword == "allOf":
        return both(_each(place, keyword))
    if keyword == "anyOf":
        return either(_each(place, keyword))
    if keyword == "oneOf":
        return exclusive(_each(place, keyword))
    if keyword == "not":
        return negated(formula(place.below("not")))
    if keyword == "if":
        return _conditional(place)
    if keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
        return both(_depends(place, keyword, name) for name in place.expect(keyword, dict))
    return None


def _each(place: Place, keyword: str) -> list[Formula]:
    parts = place.expect(keyword, list)
    if not parts:
        raise place.invalid(keyword, f"{keyword!r} must hold at least one schema")
    return [formula(place.below(keyword, number)) for number in range(len(parts))]


def _conditional(place: Place) -> Formula:
    condition = formula(place.below("if"))
    then = formula(place.below("then")) if "then" in place.contents else ANYTHING
    otherwise = formula(place.below("else")) if "else" in place.contents else ANYTHING
    if then == ANYTHING and otherwise == ANYTHING:
        return ANYTHING
    return either((both((condition, then)), both((negated(condition), otherwise))))


def _depends(place: Place, keyword: str, name: str) -> Formula:
    """With the member, what hangs on it is asked for as well; without it, nothing."""
    given: Any = place.contents[keyword][name]
    key = Texts.of((name,))
    rest = (Rest(~key, ANYTHING),)
    without = Leaf(where_object(Object((Member(name, NOTHING, False),), rest)))
    if keyword == "dependentRequired" or isinstance(given, list):
        names = [name, *required_names(place, keyword, given)]
        members = tuple(Member(one, ANYTHING, True) for one in dict.fromkeys(names))
        return either((without, Leaf(where_object(Object(members, (Rest(~Texts.of(names), ANYTHING),))))))
    has = Leaf(where_object(Object((Member(name, ANYTHING, True),), rest)))
    return either((without, both((has, formula(place.below(keyword, name))))))


def _dynamic(place: Place, keyword: str) -> Formula:
    """A dynamic reference whose anchor stands in one place only is a plain one."""
    name = place.expect(keyword, str).removeprefix("#")
    if keyword == "$recursiveRef" or not name or place.source.anchors.count(name) != 1:
        raise place.irregular(keyword, f"{keyword!r} leads where the way to it decides", "use '$ref'")
    return formula(place.referred(keyword))
