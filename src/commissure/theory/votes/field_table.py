"""The pairs of records' fields as arrays: which names are populations of their own, and how fields vary together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from commissure.hal.errors import UsageError
from commissure.theory.votes.two_samples import Pair, even_ranks, fitted_populations, one_hot

Array = npt.NDArray[np.float64]
OWN_RECORDS = 20


@dataclass(frozen=True, slots=True)
class FieldTable:
    """M fields of N records, side by side by record; `start` (N,) is where each record's begin.

    `group` (M,) is the population of each; `cell` (M, 4) its pair's; `right` (2, M) whether each answer has it right;
    `makeup` (N, J) how many fields of each group a record has.
    """

    start: npt.NDArray[np.intp]
    group: npt.NDArray[np.intp]
    cell: Array
    right: Array
    makeup: Array

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Pair]]) -> Self:
        """Of records. Raises UsageError for none, and for one that has no fields."""
        if not records:
            raise UsageError("a vote curve of fields needs the two answers to at least one record; given none.")
        for place, record in enumerate(records):
            if not record:
                raise UsageError(f"record {place} has no fields: leave it out, or give it as one field with its pair.")
        seen = Counter(name for record in records for name in record)
        own = sorted(name for name, count in seen.items() if count >= OWN_RECORDS)
        groups = {name: place for place, name in enumerate(own)}
        used = [groups.get(name, len(own)) for record in records for name in record]
        pairs = [pair for record in records for pair in record.values()]
        sizes = np.array([len(record) for record in records])
        start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        group = np.unique(used, return_inverse=True)[1].astype(np.intp)
        makeup = np.add.reduceat(np.eye(int(group.max()) + 1)[group], start, axis=0)
        right = np.array([[pair.first for pair in pairs], [pair.second for pair in pairs]], dtype=float)
        return cls(start, group, one_hot(pairs), right, makeup)

    @property
    def sizes(self) -> Array:
        """(N,) how many fields each record has."""
        counted: Array = self.makeup.sum(axis=1)
        return counted

    def populations(self, weights: Array, chance: np.random.Generator) -> Array:
        """(J, draws, T) weights of types of each group, under weights (draws, N) of the records."""
        spread = np.repeat(weights, self.sizes.astype(int), axis=1)
        ranks = even_ranks(chance)
        return np.array(
            [
                fitted_populations(spread[:, mine] @ self.cell[mine], float(mine.sum()), ranks, chance)
                for mine in (self.group == one for one in range(self.makeup.shape[1]))
            ]
        )

    def pair_shares(self) -> Array:
        """(J, J) which groups two different fields of a record are of; records of two and more fields count alike."""
        several = self.sizes > 1
        made, size = self.makeup[several], self.sizes[several]
        if not len(made):
            return np.zeros((self.makeup.shape[1],) * 2)
        ways = made[:, :, None] * made[:, None, :] - made[:, :, None] * np.eye(made.shape[1])
        shares: Array = (ways / (size * (size - 1))[:, None, None]).mean(axis=0)
        return shares

    def covariances(self, weights: Array) -> tuple[Array, Array]:
        """(draws,) covariances of two fields' being right, about their groups' means: in two answers, and in one."""
        several = self.sizes > 1
        if not several.any():
            return np.zeros(len(weights)), np.zeros(len(weights))
        spread = np.repeat(weights, self.sizes.astype(int), axis=1)
        mine = np.eye(self.makeup.shape[1])[self.group]
        mean = (spread * self.right.mean(axis=0)) @ mine / np.maximum(spread @ mine, 1e-12)
        first, second = (one - mean[:, self.group] for one in self.right)
        across = self._products(first, second)[:, several]
        alike = (self._products(first, first) + self._products(second, second))[:, several] / 2
        share = weights[:, several] / weights[:, several].sum(axis=1, keepdims=True)
        return (share * across).sum(axis=1), (share * alike).sum(axis=1)

    def _products(self, one: Array, other: Array) -> Array:
        """(draws, N) the mean of one_f other_g over the fields f != g of each record; 0 where it has but one."""
        total = np.add.reduceat(one, self.start, axis=1) * np.add.reduceat(other, self.start, axis=1)
        same = np.add.reduceat(one * other, self.start, axis=1)
        mean: Array = (total - same) / np.maximum(self.sizes * (self.sizes - 1), 1)
        return mean
