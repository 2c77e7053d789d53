"""JSON values, candidates that say them, and when two values are equal, told without the project's own code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from commissure.policies.ensemble.sample import Sample

KEYS = ("a", "b", "~", "/", "~1", "0", "", "é")
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, -0.0, 1.0, 2.5, 1e300, float("inf"), float("-inf"), float("nan"), 10**400, -(10**4000)]),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["true", "1", "null", "aaa", "aaaa", "\ud800"]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
FLAT: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from("abc"), SCALARS, min_size=1)
LOGPROBS = st.none() | st.sampled_from([-1.0, -2.0]) | st.floats(-3000, 0)


@st.composite
def candidates(draw: st.DrawFn, values: st.SearchStrategy[Any] = VALUES, least: int = 0) -> list[Sample]:
    """Up to 8, that say a few values between them; some are not parsed, and some tell no log probability."""
    pool = draw(st.lists(values, min_size=1, max_size=4))
    said = draw(st.lists(st.sampled_from(pool), min_size=least, max_size=8))
    return [draw(_samples(value)) for value in said]


@st.composite
def _samples(draw: st.DrawFn, value: Any) -> Sample:
    if draw(st.integers(0, 7)) == 7:
        return Sample("{", logprob=draw(LOGPROBS))
    return Sample("", value, parsed=True, logprob=draw(LOGPROBS))


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: numbers by value, no boolean a number, NaN itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other or (one != one and other != other))


def classes(values: Sequence[Any]) -> list[list[int]]:
    """The places of equal values, together."""
    found: list[list[int]] = []
    for place, value in enumerate(values):
        for group in found:
            if same(values[group[0]], value):
                group.append(place)
                break
        else:
            found.append([place])
    return found


def saying(*values: Any) -> list[Sample]:
    """Parsed candidates without log probabilities."""
    return [Sample("", value, parsed=True) for value in values]


def nested(levels: int, inner: Any, *, array: bool = False) -> Any:
    """So many levels around a value."""
    for _ in range(levels):
        inner = [inner] if array else {"a": inner}
    return inner
