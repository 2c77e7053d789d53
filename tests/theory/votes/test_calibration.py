import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.votes.calibration import reliability


def test_confidences_that_keep_their_promise_have_no_error() -> None:
    table = reliability([0.25] * 4 + [0.75] * 4, [True] + [False] * 3 + [True] * 3 + [False])
    assert table.error == 0
    assert table.unreliability == 0
    assert table.resolution == pytest.approx(0.0625)
    assert [row.count for row in table.bins] == [4, 4]


def test_being_too_sure_is_the_error() -> None:
    table = reliability([1.0] * 10, [True] * 6 + [False] * 4)
    assert table.error == pytest.approx(0.4)
    assert table.brier == pytest.approx(0.4)
    assert (table.bins[0].low, table.bins[0].high) == (0.9, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 12))
def test_the_parts_sum_to_the_brier_score(answers: list[tuple[float, bool]], bins: int) -> None:
    sure, right = np.array([one for one, _ in answers]), np.array([one for _, one in answers], dtype=float)
    table = reliability(list(sure), [bool(one) for one in right], bins=bins)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    inner = 0.0
    for one in set(place):
        gap = sure[place == one] - sure[place == one].mean()
        inner += float((gap**2).sum() - 2 * (gap * (right[place == one] - right[place == one].mean())).sum())
    assert table.within == pytest.approx(inner / len(sure), abs=1e-9)
    assert table.brier == pytest.approx(float(np.mean((sure - right) ** 2)))
    assert sum(row.count for row in table.bins) == len(answers)


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match=r"1\.2"):
        reliability([1.2], [True])
    with pytest.raises(UsageError, match="0 confidences"):
        reliability([], [])
