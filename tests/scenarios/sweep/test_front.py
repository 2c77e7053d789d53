"""Fronts and hypervolumes against brute force."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.scenarios.sweep.aims import Aim
from commissure.scenarios.sweep.front import front, hypervolume
from commissure.scenarios.sweep.row import Row, Statistic

Points = list[tuple[int, ...]]


def rows_of(points: Points) -> list[Row]:
    return [
        Row(
            number=number, settings={}, fleet="local", policy="lru",
            measures={f"m{at}": Statistic(mean=value, seeds=1) for at, value in enumerate(point)},
        )
        for number, point in enumerate(points)
    ]  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[Points, list[Aim]]:
    """Few values, so that ties, equal rows and measures without a spread are common."""
    dimensions = draw(st.integers(1, 4))
    points = draw(st.lists(st.tuples(*[st.integers(-2, 3)] * dimensions), min_size=1, max_size=12))
    return points, [Aim(f"m{at}", draw(st.booleans())) for at in range(dimensions)]


def gains(points: Points, aims: list[Aim]) -> Points:
    return [tuple(value if aim.maximise else -value for value, aim in zip(p, aims, strict=True)) for p in points]


@given(cases())
def test_the_front_is_what_no_row_beats(case: tuple[Points, list[Aim]]) -> None:
    points, aims = case
    ours = gains(points, aims)
    unbeaten = [
        number
        for number, mine in enumerate(ours)
        if not any(other != mine and all(a >= b for a, b in zip(other, mine, strict=True)) for other in ours)
    ]
    assert [row.number for row in front(rows_of(points), aims)] == unbeaten


@given(cases())
def test_the_hypervolume_is_the_share_of_unit_cells_that_are_beaten(case: tuple[Points, list[Aim]]) -> None:
    points, aims = case
    ours = gains(points, aims)
    spans = [range(min(column), max(column)) for column in zip(*ours, strict=True)]
    differing = [at for at, span in enumerate(spans) if span]
    cells = list(product(*(spans[at] for at in differing)))
    beaten = [cell for cell in cells
              if any(all(p[at] > low for at, low in zip(differing, cell, strict=True)) for p in ours)]  # fmt: skip
    found = hypervolume(rows_of(points), aims)
    assert found == (pytest.approx(len(beaten) / len(cells)) if differing else None)


def test_rows_that_failed_or_lack_a_measure_are_on_no_front() -> None:
    whole, lacking = rows_of([(1, 1), (2,)])
    failed = whole.model_copy(update={"number": 2, "measures": {}, "failed": "why"})
    assert front([whole, lacking, failed], [Aim("m0", True), Aim("m1", True)]) == [whole]
    assert front([failed], [Aim("m0", True)]) == front([whole], []) == []
    assert hypervolume([failed], [Aim("m0", True)]) is None


def test_beyond_four_measures_there_is_no_volume_but_a_front() -> None:
    rows = rows_of([(0, 1, 0, 1, 0), (1, 0, 1, 0, 1), (0, 0, 0, 0, 0)])
    aims = [Aim(f"m{at}", True) for at in range(5)]
    assert hypervolume(rows, aims) is None
    assert [row.number for row in front(rows, aims)] == [0, 1]
