from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from commissure.hal.errors import UsageError
from commissure.theory.votes.curve import foretell
from commissure.theory.votes.fields import foretell_fields
from commissure.theory.votes.plurality import plurality
from commissure.theory.votes.two_samples import Pair
from tests.theory.votes.studies import answers, one_strong, pairs_of

Array = npt.NDArray[np.float64]
FieldDraw = Callable[[np.random.Generator, int], Array]


def shared_draw(chance: np.random.Generator, n: int) -> Array:
    """Four fields, each with its record's draw with probability .6: the reference's population."""
    return np.where(chance.random((n, 4)) < 0.6, chance.beta(1.6, 1.1, (n, 1)), chance.beta(1.6, 1.1, (n, 4)))


def named(chance: np.random.Generator, n: int) -> Array:
    """Fields of differing hardness, and records too."""
    middle = np.log(np.array([19.0, 9.0, 0.54, 2.3]))
    logits = middle + chance.normal(size=(n, 1)) + 0.7 * chance.normal(size=(n, 4))
    p: Array = 1 / (1 + np.exp(-logits))
    return p


def study(p: Array, chance: np.random.Generator) -> list[dict[str, Pair]]:
    """Two answers to each field."""
    pairs = pairs_of(answers(p.ravel(), one_strong(p.ravel(), 0.6), 2, chance))
    width = p.shape[1]
    return [{f"f{f}": pairs[r * width + f] for f in range(width)} for r in range(len(p))]


@pytest.mark.parametrize("draw", [shared_draw, named])
def test_the_bands_at_eight_hold_the_true_shares_of_fields_and_records(draw: FieldDraw) -> None:
    p = draw(np.random.default_rng(0), 20_000)
    vote = plurality(p.ravel(), one_strong(p.ravel(), 0.6), 8)[:, 7].reshape(p.shape)
    fields, records = vote.mean(), vote.prod(axis=1).mean()
    held, gaps = np.zeros(2), []
    for number in range(6):
        chance = np.random.default_rng(number)
        curves = foretell_fields(study(draw(chance, 150), chance), (8,), seed=number)
        held += [
            curves.fields.low[0] <= fields <= curves.fields.high[0],
            curves.record.low[0] <= records <= curves.record.high[0],
        ]
        gaps.append([curves.fields.accuracy[0] - fields, curves.record.accuracy[0] - records])
    assert (held >= 4).all()
    assert (np.abs(np.mean(gaps, axis=0)) < 0.08).all()


def test_shared_difficulty_is_found_where_it_is_and_nowhere_else() -> None:
    chance = np.random.default_rng(1)
    alone = foretell_fields(study(chance.beta(2, 1, (400, 4)), chance), (1, 8), seed=1)
    alike = foretell_fields(study(np.repeat(chance.beta(2, 1, (400, 1)), 4, axis=1), chance), (1, 8), seed=1)
    assert alone.shared < 0.25
    assert alike.shared > 0.75
    assert alike.record.accuracy[1] > alone.record.accuracy[1] + 0.1
    assert abs(alone.together) < 0.02


def test_answers_that_derail_whole_are_told_of() -> None:
    chance = np.random.default_rng(2)
    fine = chance.random((300, 2)) < 0.7  # an answer has all its fields right, or none
    records = [{f"f{f}": Pair(bool(a), bool(b), bool(a == b == 1)) for f in range(4)} for a, b in fine]
    curves = foretell_fields(records, (1,), seed=2)
    assert curves.together > 0.15


def test_records_of_one_field_are_as_foretold_whole() -> None:
    chance = np.random.default_rng(3)
    records = study(chance.beta(1.6, 1.1, (200, 1)), chance)
    curves = foretell_fields(records, (1, 8), seed=3)
    whole = foretell([pair for record in records for pair in record.values()], (1, 8), seed=3)
    assert curves.record.accuracy == pytest.approx(curves.fields.accuracy, abs=1e-3)
    assert curves.fields.accuracy == pytest.approx(whole.accuracy, abs=0.02)


def test_records_of_differing_fields_and_rare_names() -> None:
    chance = np.random.default_rng(4)
    records = [
        {f"{name}{r}" if r % 2 else name: pair for name, pair in list(record.items())[: 1 + r % 4]}
        for r, record in enumerate(study(shared_draw(chance, 120), chance))
    ]
    curves = foretell_fields(records, (1, 8), seed=4)
    seen = np.mean([np.mean([[p.first, p.second] for p in record.values()]) for record in records])
    assert curves.fields.accuracy[0] == pytest.approx(seen, abs=0.02)
    assert curves.record.accuracy[1] < curves.fields.accuracy[1]
    assert curves.record.oracle[1] >= curves.record.accuracy[1]


def test_bad_input_is_named() -> None:
    with pytest.raises(UsageError, match="given none"):
        foretell_fields([], seed=0)
    with pytest.raises(UsageError, match="record 1 has no fields"):
        foretell_fields([{"a": Pair(True, True, True)}, {}], seed=0)
