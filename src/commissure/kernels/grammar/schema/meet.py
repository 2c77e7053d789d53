"""Intersections and unions of sets of JSON values."""

from __future__ import annotations

from itertools import product

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import NOTHING, Formula, both
from commissure.kernels.grammar.schema.value import Array, Member, Object, Rest, Value, any_object


def intersection(one: Value, other: Value) -> Value:
    """The values of both."""
    arrays = (meet_arrays(*pair) for pair in product(one.arrays, other.arrays))
    objects = (meet_objects(*pair) for pair in product(one.objects, other.objects))
    return Value(
        one.null and other.null,
        one.booleans & other.booleans,
        one.numbers & other.numbers,
        one.texts & other.texts,
        tuple(dict.fromkeys(array for array in arrays if array is not None)),
        tuple(dict.fromkeys(found for found in objects if found is not None)),
        one.narrow or other.narrow,
    )


def union(one: Value, other: Value) -> Value:
    """The values of either."""
    arrays = dict.fromkeys((*one.arrays, *other.arrays))
    objects = dict.fromkeys((*one.objects, *other.objects))
    return Value(
        one.null or other.null,
        one.booleans | other.booleans,
        one.numbers | other.numbers,
        one.texts | other.texts,
        (Array(),) if Array() in arrays else tuple(arrays),
        (any_object(),) if any_object() in objects else tuple(objects),
        one.narrow or other.narrow,
    )


def meet_arrays(one: Array, other: Array) -> Array | None:
    """The arrays of both; None if there are plainly none."""
    if one == Array() or one == other:
        return other
    if other == Array():
        return one
    most = fewest(one.most, other.most)
    least = max(one.least, other.least)
    known = max(len(one.prefix), len(other.prefix))
    prefix = tuple(both((one.item(place), other.item(place))) for place in range(known))
    if NOTHING in prefix:
        most = fewest(most, prefix.index(NOTHING))
    items = both((one.items, other.items))
    if items == NOTHING:
        most = fewest(most, known)
    if most is not None and least > most:
        return None
    counted = tuple(dict.fromkeys(one.counted + other.counted))
    return Array(prefix[:most], items, least, most, counted, one.unique or other.unique)


def meet_objects(one: Object, other: Object) -> Object | None:
    """The objects of both; None if there are plainly none. The first's order of members comes first."""
    if one == any_object() or one == other:
        return other
    if other == any_object():
        return one
    names = dict.fromkeys(member.name for member in (*one.members, *other.members))
    members = tuple(_meet_member(one, other, name) for name in names)
    if any(member.required and member.value == NOTHING for member in members):
        return None
    most = fewest(one.most, other.most)
    least = max(one.least, other.least)
    if most is not None and least > most:
        return None
    witnesses = tuple(dict.fromkeys(one.witnesses + other.witnesses))
    return Object(members, _meet_rest(one, other, Texts.of(names)), least, most, witnesses)


def value_under(found: Object, name: str) -> Formula:
    """What a member of that name has to satisfy."""
    member = found.member(name)
    if member is not None:
        return member.value
    return next((rest.value for rest in found.rest if rest.keys.accepts(name)), NOTHING)


def fewest(one: int | None, other: int | None) -> int | None:
    """The smaller bound, where None is no bound."""
    return min((bound for bound in (one, other) if bound is not None), default=None)


def _meet_member(one: Object, other: Object, name: str) -> Member:
    required = any(member is not None and member.required for member in (one.member(name), other.member(name)))
    return Member(name, both((value_under(one, name), value_under(other, name))), required)


def _meet_rest(one: Object, other: Object, named: Texts) -> tuple[Rest, ...]:
    """Every pair of rests that share keys, without the keys that are members by name now."""
    found: list[Rest] = []
    for first, second in product(one.rest, other.rest):
        value = both((first.value, second.value))
        if value == NOTHING:
            continue
        keys = (first.keys & second.keys) - named
        if not keys.empty:
            found.append(Rest(keys, value))
    return merge_rest(found)


def merge_rest(rest: list[Rest]) -> tuple[Rest, ...]:
    """Rests with one value are one."""
    keys: dict[Formula, Texts] = {}
    for part in rest:
        keys[part.value] = keys[part.value] | part.keys if part.value in keys else part.keys
    return tuple(Rest(key, value) for value, key in keys.items())
