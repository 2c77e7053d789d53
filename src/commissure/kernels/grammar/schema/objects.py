"""Keywords of objects."""

from __future__ import annotations

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import both, formula
from commissure.kernels.grammar.schema.meet import Check, merge_rest
from commissure.kernels.grammar.schema.scalars import matching
from commissure.kernels.grammar.schema.source import Place, escaped
from commissure.kernels.grammar.schema.terms import ANYTHING, NOTHING, Formula, Member, Object, Rest
from commissure.kernels.grammar.schema.value import any_object


def objects_of(place: Place, names: Texts | None, check: Check) -> tuple[Object, ...]:
    """properties, patternProperties, additionalProperties, required, minProperties, maxProperties.

    `names` are those that propertyNames allows, None for all. Members come in the order of `properties`, then those
    that are only required, then the rest.
    """
    properties = place.expect("properties", dict) if "properties" in place.contents else {}
    required = required_names(place, "required", place.expect("required", list) if "required" in place.contents else [])
    patterns = _patterns(place)
    further = formula(place.below("additionalProperties")) if "additionalProperties" in place.contents else ANYTHING
    members: list[Member] = []
    for name in dict.fromkeys((*properties, *required)):
        parts = [value for keys, value in patterns if keys.accepts(name)]
        if name in properties:
            parts.insert(0, formula(place.below("properties", name)))
        allowed = names is None or names.accepts(name)
        value = (both(parts) if parts else further) if allowed else NOTHING
        members.append(Member(name, value, name in required))
    least = place.count("minProperties") if "minProperties" in place.contents else 0
    most = place.count("maxProperties") if "maxProperties" in place.contents else None
    if (most is not None and least > most) or any(one.required and one.value == NOTHING for one in members):
        return ()
    if not members and not patterns and names is None and further == ANYTHING:
        return (Object(rest=any_object().rest, least=least, most=most),)
    keys = Texts.all() - Texts.of(member.name for member in members) if members else Texts.all()
    return (
        Object(tuple(members), _rest(keys if names is None else keys & names, patterns, further, check), least, most),
    )


def _patterns(place: Place) -> list[tuple[Texts, Formula]]:
    """Which keys each pattern is about, and what their members have to satisfy."""
    keyword = "patternProperties"
    return [
        (matching(place, f"{keyword}/{escaped(pattern)}", pattern), formula(place.below(keyword, pattern)))
        for pattern in (place.expect(keyword, dict) if keyword in place.contents else ())
    ]


def required_names(place: Place, keyword: str, given: object) -> list[str]:
    """A list of names. Raises InvalidSchema if it is none."""
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        fix = "name the member in the parent's 'required'" if isinstance(given, bool) else ""
        raise place.invalid(keyword, f"{keyword!r} must be an array of names", fix)
    return given


def _rest(keys: Texts, patterns: list[tuple[Texts, Formula]], further: Formula, check: Check) -> tuple[Rest, ...]:
    """The keys that are no member's, told apart by which patterns they match."""
    pieces: list[tuple[Texts, tuple[Formula, ...]]] = [(keys, ())]
    for among, value in patterns:
        split: list[tuple[Texts, tuple[Formula, ...]]] = []
        for piece, values in pieces:
            check(len(split))
            split.append((piece & among, (*values, value)))
            split.append((piece - among, values))
        pieces = [(piece, values) for piece, values in split if not piece.empty]
    rest = [Rest(piece, both(values) if values else further) for piece, values in pieces]
    return merge_rest([part for part in rest if part.value != NOTHING])
