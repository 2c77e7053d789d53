"""How many more KV blocks a decoding batch will need, in closed form."""

from __future__ import annotations


class BlockGrowth:
    """Sequences that each grow by one token a step, counted by the step at which they next need a block.

    A sequence that held `tokens` before step s needs a new block in every step S >= s with tokens + S - s divisible
    by the block's size. Only that residue matters, so a batch is one counter a residue.
    """

    def __init__(self, block_tokens: int) -> None:
        self._size = block_tokens
        self._counts = [0] * block_tokens
        self._sequences = 0
        # The blocks of all steps before the sequences joined, which are not theirs.
        self._before = 0

    def add(self, tokens: int, step: int) -> None:
        """A sequence that holds so many tokens before that step."""
        residue = (step - tokens) % self._size
        self._counts[residue] += 1
        self._sequences += 1
        self._before += (step - 1 - residue) // self._size

    def remove(self, tokens: int, step: int) -> None:
        """Undo `add` with the same arguments."""
        residue = (step - tokens) % self._size
        self._counts[residue] -= 1
        self._sequences -= 1
        self._before -= (step - 1 - residue) // self._size

    def blocks(self, step: int) -> int:
        """Blocks that the sequences of now have needed in all steps before that one."""
        if not self._sequences:
            return 0
        rounds, last = divmod(step - 1, self._size)
        return rounds * self._sequences - sum(self._counts[last + 1 :]) - self._before

    def steps(self, step: int, free: float, most: int) -> int:
        """How many steps from `step` on, at most `most`, `free` more blocks allow."""
        size, sequences = self._size, self._sequences
        if (most // size + 1) * sequences <= free:
            return most
        rounds = int(free) // sequences
        left = int(free) - rounds * sequences
        done = rounds * size
        counts = self._counts
        while done < most:
            left -= counts[(step + done) % size]
            if left < 0:
                break
            done += 1
        return min(done, most)
