"""The vote curves of records decided field by field, foretold from two answers a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commissure.theory.intervals import generator
from commissure.theory.votes.coupling import Coupled, coupled
from commissure.theory.votes.curve import MOST, VoteCurve, checked, curve_of
from commissure.theory.votes.field_table import FieldTable
from commissure.theory.votes.two_samples import Pair, random_weights
from commissure.theory.votes.types import question_types

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FieldCurves:
    """Curves of votes by field. `fields`: the mean over records of the share of their fields that is right; `record`:
    all fields of a record right. The oracles are of fields, and of records each of whose fields some answer has right.

    `shared` is the share of the variance of fields' p that the fields of a record have in common, 0 to 1. `together` is
    the covariance of two fields' being right in one answer less that in two answers: where it is well above 0, as where
    whole answers derail, fields of one answer are not independent, and `record` is foretold too low.
    """

    fields: VoteCurve
    record: VoteCurve
    shared: float
    together: float


def foretell_fields(
    records: Sequence[Mapping[str, Pair]], ns: Iterable[int] = range(1, MOST + 1), *, seed: int
) -> FieldCurves:
    """The curves of n votes a field, from two answers to each record; a record maps its fields' names to pairs.

    A name that 20 records have is a population of its own, so that hard and easy fields are told apart; the others are
    one. Fields of a record share its difficulty as far as E[f right in answer 1, g right in answer 2] over f != g says
    (coupling.py); given it, fields are independent. Raises UsageError for no records, a record of no fields,
    contradictory pairs, and n < 1.
    """
    counts = checked(ns)
    table = FieldTable.of(records)
    chance = generator(seed)
    weights = random_weights(len(records), chance)
    mixes = table.populations(weights, chance)
    across, alike = table.covariances(weights)
    joint = coupled(mixes, across, table.pair_shares())
    most, places = max(counts), np.array(counts) - 1
    types = question_types(most)
    votes, oracle = types.vote[:, places], types.oracle(most)[:, places]
    return FieldCurves(
        curve_of(counts, _field_means(table, mixes, votes), _field_means(table, mixes, oracle)),
        curve_of(counts, _record_means(table, joint, votes), _record_means(table, joint, oracle)),
        float(joint.shared.mean()),
        float((alike - across).mean()),
    )


def _field_means(table: FieldTable, mixes: Array, rows: Array) -> Array:
    """(draws, n): of the rows (T, n), the mean over records of the mean over their fields."""
    share = (table.makeup / table.sizes[:, None]).mean(axis=0)
    means: Array = np.einsum("j,jbn->bn", share, mixes @ rows)
    return means


def _record_means(table: FieldTable, joint: Coupled, rows: Array) -> Array:
    """(draws, n): of the rows (T, n), the mean over records of the product over their fields."""
    logs = np.log(np.maximum(joint.by_place(rows), 1e-300))
    makeups, often = np.unique(table.makeup, axis=0, return_counts=True)
    total = np.zeros((logs.shape[1], logs.shape[3]))
    for makeup, count in zip(makeups, often, strict=True):
        total += count * np.exp(np.tensordot(makeup, logs, axes=1)).mean(axis=1)
    return total / len(table.makeup)
