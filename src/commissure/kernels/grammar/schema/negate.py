"""Complements of sets of JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from commissure.kernels.grammar.errors import NotRegular
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.formula import negated
from commissure.kernels.grammar.schema.terms import (
    ANYTHING,
    NOTHING,
    Array,
    Counted,
    Member,
    Object,
    Rest,
    Value,
    Witness,
)
from commissure.kernels.grammar.schema.value import any_object, arrays_only, everything, objects_only


def complement(value: Value, meet: Callable[[Value, Value], Value]) -> Value:
    """All JSON values that are not in the set. Raises NotRegular where they cannot be told."""
    if value.narrow is not None:
        name = value.narrow.contents["format"]
        raise value.narrow.irregular("format", f"under a negation {name!r} would let valid strings pass")
    arrays = arrays_only(Array())
    for array in value.arrays:
        arrays = meet(arrays, arrays_only(*_other_arrays(array)))
    objects = objects_only(any_object())
    for found in value.objects:
        objects = meet(objects, objects_only(*_other_objects(found)))
    whole = everything()
    return Value(
        not value.null,
        whole.booleans - value.booleans,
        whole.numbers - value.numbers,
        whole.texts - value.texts,
        arrays.arrays,
        objects.objects,
    )


def _other_arrays(array: Array) -> Iterator[Array]:
    """An array is another if it is too short or too long, or if one of its items is not as it has to be."""
    if array.unique is not None:
        raise NotRegular(array.unique, "uniqueItems", "items that are not all different cannot be told by an automaton")
    if array.least:
        yield Array(most=array.least - 1)
    if array.most is not None:
        yield Array(least=array.most + 1)
    for place, item in enumerate(array.prefix):
        if item != ANYTHING:
            yield Array((ANYTHING,) * place + (negated(item),), least=place + 1)
    if array.items != ANYTHING and (array.most is None or array.most > len(array.prefix)):
        yield Array(counted=(Counted(negated(array.items), len(array.prefix), 1, None),))
    for part in array.counted:
        if part.least:
            yield Array(counted=(replace(part, least=0, most=part.least - 1),))
        if part.most is not None:
            yield Array(counted=(replace(part, least=part.most + 1, most=None),))


def _other_objects(found: Object) -> Iterator[Object]:
    """An object is another if a member is missing or not as it has to be, or if there are too few or too many."""
    if found.least:
        yield replace(any_object(), most=found.least - 1)
    if found.most is not None:
        yield replace(any_object(), least=found.most + 1)
    outside = Texts.all()
    for member in found.members:
        name = Texts.of((member.name,))
        open_rest = (Rest(~name, ANYTHING),)
        outside = outside - name
        # A required member that is missing and one that is wrong are one alternative: it must not be right.
        if member.required or member.value != ANYTHING:
            yield Object((Member(member.name, negated(member.value), not member.required),), open_rest)
    for rest in found.rest:
        outside = outside - rest.keys
        if rest.value != ANYTHING:
            yield replace(any_object(), witnesses=(Witness(rest.keys, negated(rest.value)),))
    if not outside.empty:
        yield replace(any_object(), witnesses=(Witness(outside, ANYTHING),))
    for witness in found.witnesses:
        parts = [Rest(witness.keys, negated(witness.value)), Rest(~witness.keys, ANYTHING)]
        yield Object(rest=tuple(part for part in parts if part.value != NOTHING and not part.keys.empty))
