"""Intersections and unions of sets of JSON values."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import TypeVar

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import both
from commissure.kernels.grammar.schema.terms import (
    ANYTHING,
    NOTHING,
    Array,
    Formula,
    Member,
    Object,
    Rest,
    Value,
    Witness,
)
from commissure.kernels.grammar.schema.value import any_object

Part = TypeVar("Part", Array, Object)
Check = Callable[[int], None]
"""Told of how many alternatives there are so far; raises where they are too many."""


def intersection(one: Value, other: Value, check: Check) -> Value:
    """The values of both."""
    return Value(
        one.null and other.null,
        one.booleans & other.booleans,
        one.numbers & other.numbers,
        one.texts & other.texts,
        _pairs(meet_arrays, one.arrays, other.arrays, check),
        _pairs(meet_objects, one.objects, other.objects, check),
        one.narrow or other.narrow,
    )


def _pairs(
    meet: Callable[[Part, Part], Part | None], ones: tuple[Part, ...], others: tuple[Part, ...], check: Check
) -> tuple[Part, ...]:
    found: dict[Part, None] = {}
    for pair in product(ones, others):
        check(len(found))
        met = meet(*pair)
        if met is not None:
            found[met] = None
    return tuple(found)


def union(one: Value, other: Value) -> Value:
    """The values of either."""
    arrays = dict.fromkeys((*one.arrays, *other.arrays))
    objects = _one_of_any(dict.fromkeys((*one.objects, *other.objects)))
    return Value(
        one.null or other.null,
        one.booleans | other.booleans,
        one.numbers | other.numbers,
        one.texts | other.texts,
        (Array(),) if Array() in arrays else tuple(arrays),
        (any_object(),) if any_object() in objects else tuple(objects),
        one.narrow or other.narrow,
    )


def _one_of_any(objects: dict[Object, None]) -> dict[Object, None]:
    """Objects that only ask for one of some names, made one: else a text would be followed through each of them."""
    names = [name for found in objects for name in _asked(found)]
    if len(names) < 2:
        return objects
    kept = dict.fromkeys(found for found in objects if not _asked(found))
    return {**kept, _one_of(tuple(dict.fromkeys(names))): None}


def _asked(found: Object) -> tuple[str, ...]:
    """The names of which the object asks for one, and for nothing else; none if it is no such object."""
    names = tuple(member.name for member in found.members)
    return names if names and all(one.value == ANYTHING for one in found.members) and found == _one_of(names) else ()


@lru_cache(maxsize=1024)
def _one_of(names: tuple[str, ...]) -> Object:
    keys = Texts.of(names)
    members = tuple(Member(name, ANYTHING, len(names) == 1) for name in names)
    witnesses = (Witness(keys, ANYTHING),) if len(names) > 1 else ()
    return Object(members, (Rest(~keys, ANYTHING),), witnesses=witnesses)


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
    unique = one.unique if one.unique is not None else other.unique
    return Array(prefix[:most], items, least, most, counted, unique)


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
    return Object(members, _meet_rest(one, other, frozenset(names)), least, most, witnesses)


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


def _meet_rest(one: Object, other: Object, names: frozenset[str]) -> tuple[Rest, ...]:
    """Every pair of rests that share keys, without the keys that are members by name now."""
    found: list[Rest] = []
    for first, second in product(one.rest, other.rest):
        value = both((first.value, second.value))
        if value == NOTHING:
            continue
        keys = _common(first.keys, second.keys, names)
        if not keys.empty:
            found.append(Rest(keys, value))
    return merge_rest(found)


@lru_cache(maxsize=8192)
def _common(one: Texts, other: Texts, names: frozenset[str]) -> Texts:
    """Alternatives share most of their keys, so the same few intersections are asked for again and again."""
    both_keys = one & other
    return both_keys - Texts.of(names) if names else both_keys


@lru_cache(maxsize=8192)
def _joined_keys(one: Texts, other: Texts) -> Texts:
    return one | other


def merge_rest(rest: list[Rest]) -> tuple[Rest, ...]:
    """Rests with one value are one."""
    keys: dict[Formula, Texts] = {}
    for part in rest:
        keys[part.value] = _joined_keys(keys[part.value], part.keys) if part.value in keys else part.keys
    return tuple(Rest(key, value) for value, key in keys.items())
