"""How many more KV blocks a decoding batch will need, in closed form."""

from __future__ import annotations


class BlockGrowth:
    """Sequences that each grow by one token a step, counted by the step at which they next need a block.

    A sequence that held `tokens` at step s needs a new block at every step S with tokens + S - s divisible by the
    block's size: only the residue matters, so a batch is one counter a residue.
    """

    __slots__ = ("_counts", "_size", "sequences")

    def __init__(self, block_tokens: int) -> None:
        self._size = block_tokens
        self._counts = [0] * block_tokens
        self.sequences = 0

    def add(self, tokens: int, step: int) -> None:
        """A sequence that holds so many tokens before that step."""
        self._counts[(step - tokens) % self._size] += 1
        self.sequences += 1

    def remove(self, tokens: int, step: int) -> None:
        """Undo `add` with the same arguments, or with later ones of the same sequence."""
        self._counts[(step - tokens) % self._size] -= 1
        self.sequences -= 1

    def blocks(self, step: int, steps: int) -> int:
        """New blocks that the batch needs for `steps` steps from `step` on."""
        rounds, rest = divmod(steps, self._size)
        counts, size = self._counts, self._size
        return rounds * self.sequences + sum(counts[(step + ahead) % size] for ahead in range(rest))

    def steps(self, step: int, free: int, most: int) -> int:
        """How many steps from `step` on, at most `most`, `free` blocks allow."""
        size, sequences = self._size, self.sequences
        if (most // size + 1) * sequences <= free:
            return most
        rounds = free // sequences
        free -= rounds * sequences
        done = rounds * size
        counts = self._counts
        while done < most:
            free -= counts[(step + done) % size]
            if free < 0:
                break
            done += 1
        return min(done, most)
