from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.context.shares import shares

FACTORS = ("model", "chip", "concurrency", "routing")
WAYS = [frozenset(one for place, one in enumerate(FACTORS) if bits >> place & 1) for bits in range(16)]
values = st.lists(st.floats(1e-3, 1e3), min_size=16, max_size=16).map(lambda found: dict(zip(WAYS, found, strict=True)))


@given(values)
def test_the_parts_add_up_to_the_whole(value: dict[frozenset[str], float]) -> None:
    found = shares(FACTORS, value.__getitem__)
    assert sum(found.values()) == pytest.approx(log(value[frozenset()] / value[frozenset(FACTORS)]), abs=1e-9)


@given(values)
def test_what_changes_nothing_has_no_part(value: dict[frozenset[str], float]) -> None:
    assert shares(FACTORS, lambda on: value[on - {"chip"}])["chip"] == pytest.approx(0, abs=1e-9)


@given(values)
def test_the_order_and_the_names_do_not_matter(value: dict[frozenset[str], float]) -> None:
    swap = {"model": "chip", "chip": "model"}
    plain = shares(FACTORS, value.__getitem__)
    renamed = shares(FACTORS[::-1], lambda on: value[frozenset(swap.get(one, one) for one in on)])
    assert renamed == pytest.approx({swap.get(one, one): part for one, part in plain.items()}, abs=1e-9)


@given(values)
def test_equal_factors_have_equal_parts(value: dict[frozenset[str], float]) -> None:
    def alike(on: frozenset[str]) -> float:
        rest = on - {"model", "chip"}
        return value[rest | frozenset(("model", "chip")[: len(on & {"model", "chip"})])]

    found = shares(FACTORS, alike)
    assert found["model"] == pytest.approx(found["chip"], abs=1e-9)


def test_independent_gains_are_split_as_they_are() -> None:
    times = {"model": 2.0, "chip": 5.0, "concurrency": 4.0, "routing": 0.5}

    def value(on: frozenset[str]) -> float:
        found = 100.0
        for one in on:
            found /= times[one]
        return found

    assert shares(FACTORS, value) == pytest.approx({one: log(by) for one, by in times.items()})


@pytest.mark.parametrize("bad", [0.0, -1.0, float("inf"), float("nan")])
def test_what_has_no_logarithm_is_refused(bad: float) -> None:
    with pytest.raises(UsageError, match=r"model changed"):
        shares(("model",), lambda on: bad if on else 1.0)


@pytest.mark.parametrize("factors", [(), ("model", "model"), tuple("abcdefghijk")])
def test_factors_are_named_once_and_few(factors: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="1 to 10"):
        shares(factors, lambda on: 1.0)
