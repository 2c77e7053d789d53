"""Requests over a prefix tree: each touches the blocks of one path from a root, a child only with its parent."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from commissure.hal.errors import UsageError
from commissure.theory.cache.spans import Mask, Spans
from commissure.theory.cache.uses import Floats, Ints, next_use


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """`blocks` are the block numbers of all requests in a row, root first; request r has starts[r] to starts[r + 1].

    A reference is a place in that row. A block's number tells its whole path, so that it always has the same depth and
    parent; `Paths.of` sees to that.
    """

    blocks: Ints
    starts: Ints

    @classmethod
    def of(cls, requests: Iterable[Sequence[Hashable]]) -> Paths:
        """The paths of these block ids; the same id under another parent is another block, as a chained hash says."""
        numbers: dict[tuple[int, Hashable], int] = {}
        blocks, starts = [], [0]
        for request in requests:
            parent = -1
            for block in request:
                parent = numbers.setdefault((parent, block), len(numbers))
                blocks.append(parent)
            starts.append(len(blocks))
        return cls(np.array(blocks, np.int64), np.array(starts, np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """How many blocks each request touches."""
        return np.diff(self.starts)

    @property
    def requests(self) -> Ints:
        """The request of each reference."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def depths(self) -> Ints:
        """The depth of each reference, 0 at the root."""
        return np.arange(len(self.blocks)) - self.starts[self.requests]

    def within(self, capacity: int) -> tuple[Paths, Mask]:
        """The same with each path cut to the part that fits, and which references those are.

        A block deeper than the capacity is never resident, because all blocks above it are resident with it; every
        reference to it misses. Raises UsageError unless capacity >= 1.
        """
        if capacity < 1:
            raise UsageError(f"a cache of blocks needs a capacity >= 1, not {capacity}")
        fitting = self.depths < capacity
        starts = np.concatenate(([0], np.cumsum(np.minimum(self.lengths, capacity))))
        return Paths(self.blocks[fitting], starts), fitting

    def hits(self, missed: Mask) -> Ints:
        """The hits of each request, from the misses among all references."""
        total = np.concatenate(([0], np.cumsum(~missed)))
        return total[self.starts[1:]] - total[self.starts[:-1]]

    def spans(self, costs: Floats, capacity: int, *, bypass: bool) -> tuple[Spans, Ints, Ints]:
        """The reuse intervals of all blocks, requests as points, and the references at which each begins and ends.

        `costs` are of a miss of each reference. Forced, a request leaves the capacity less the length of its path.
        """
        following = next_use(self.blocks)
        begins = np.flatnonzero(following < len(following))
        ends, request = following[begins], self.requests
        room = np.full(len(self), float(capacity)) - (0 if bypass else self.lengths)
        first, last = request[begins] + (not bypass), request[ends] - 1
        return Spans(first, last, np.ones(len(begins)), costs[ends], room).without_impossible(), begins, ends


def prefill_costs(paths: Paths, block_tokens: int, linear: float, quadratic: float) -> Floats:
    """What computing each reference's block costs: F((d+1)B) - F(dB) at depth d, F(L) = linear L + quadratic L^2.

    It adds up over a path because what is resident is a prefix.
    """
    begun = paths.depths * float(block_tokens)
    ended = begun + block_tokens
    return linear * (ended - begun) + quadratic * (ended**2 - begun**2)
