"""Sets of JSON values to begin with: all, none, and all that a keyword for objects or arrays says nothing of."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from commissure.kernels.grammar.languages.numbers import any_number, exactly
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.schema.terms import ANYTHING, Array, Object, Rest, Value


@cache
def everything() -> Value:
    """All JSON values."""
    return Value(True, frozenset({False, True}), any_number(), Texts.all(), (Array(),), (any_object(),))


@cache
def nothing() -> Value:
    """No JSON value."""
    return Value(False, frozenset(), exactly(()), Texts.of(()), (), ())


@cache
def any_object() -> Object:
    """All objects."""
    return Object(rest=(Rest(Texts.all(), ANYTHING),))


def objects_only(*objects: Object) -> Value:
    """A union of objects."""
    return replace(nothing(), objects=objects)


def arrays_only(*arrays: Array) -> Value:
    """A union of arrays."""
    return replace(nothing(), arrays=arrays)


def where_object(*objects: Object) -> Value:
    """All values that are no objects, and these objects: how a keyword for objects reads."""
    return replace(everything(), objects=objects)


def where_array(*arrays: Array) -> Value:
    """All values that are no arrays, and these arrays."""
    return replace(everything(), arrays=arrays)
