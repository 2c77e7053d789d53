"""A trace's calls made fit for real endpoints: scaled, checked for room, and as text of about their length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.profile import Tokenizer
from commissure.hal.profiles.quantity import value_of
from commissure.hal.words import distinct_text
from commissure.sim.topology.build import SLOTTED
from commissure.sim.workload.checks import check_number
from commissure.sim.workload.trace import Ints, Trace


def scaled(trace: Trace, speedup: float = 1.0, shrink: float = 1.0) -> Trace:
    """The trace with arrival times divided by `speedup`, and lengths in tokens, hashed blocks too, by `shrink`.

    Lengths are rounded, to 1 at least. Raises UsageError unless speedup > 0 and shrink >= 1.
    """
    check_number("speedup", speedup, 1e-9, 1e9)
    check_number("shrink", shrink, 1, 1e9)

    def less(lengths: Ints) -> Ints:
        return np.maximum(1, np.rint(lengths / shrink)).astype(np.int64)

    return replace(
        trace,
        arrival_s=trace.arrival_s / speedup,
        input_tokens=less(trace.input_tokens),
        output_tokens=less(trace.output_tokens),
        unit_tokens=max(1, round(trace.unit_tokens / shrink)),
    )


def prompt_text(words: int, hashes: Sequence[int], unit_words: int, own: str) -> str:
    """So many words: those of each hashed block, `unit_words` each, and then some that no other call has."""
    text = [distinct_text(unit_words, f"block {name}") for name in hashes[: -(-words // unit_words)]]
    written = len(text) * unit_words
    if written < words:
        text.append(distinct_text(words - written, f"own {own}"))
    return " ".join(" ".join(text).split(" ")[:words])


@dataclass(frozen=True)
class Ruler:
    """How many words make a prompt of so many tokens: a chat frame around filler words."""

    tokens_per_word: float
    frame_tokens: float

    @classmethod
    def of(cls, fleet: Fleet) -> Ruler:
        """The mean of the fleet's endpoints: a call's text is made before its endpoint is known.

        Where nothing is known, a filler word is a token (`hal.words`) and there is no frame, as sim has it.
        """
        known = [fleet.profiles[spec.name].tokenizer for spec in fleet.specs]
        rates = (tokenizer.tokens_per_word.value if tokenizer else 1.0 for tokenizer in known)
        return cls(mean(rates), mean(map(_frame_tokens, known)))

    def words(self, tokens: float) -> int:
        """The words of a prompt of so many tokens, one at least."""
        return max(1, round((tokens - self.frame_tokens) / self.tokens_per_word))

    def tokens(self, words: int) -> int:
        """The tokens of a prompt of so many words, about."""
        return round(self.frame_tokens + words * self.tokens_per_word)


def beyond(trace: Trace, fleet: Fleet) -> Ints:
    """The numbers of the calls that no endpoint has room for, chat frame included."""
    ruler = Ruler.of(fleet)
    prompts = np.maximum(trace.input_tokens, ruler.tokens(1))
    return np.flatnonzero(prompts + trace.output_tokens > max(_rooms(fleet).values()))


def check_fits(trace: Trace, fleet: Fleet) -> None:
    """Raise UsageError, with the call's line, if some call fits no endpoint."""
    if len(found := beyond(trace, fleet)):
        call = int(found[0])
        line = f":{trace.lines[call]}" if len(trace.lines) else f", call {call}"
        allowed = ", ".join(f"{name} {room:,.0f}" for name, room in _rooms(fleet).items())
        raise UsageError(
            f"{trace.name}{line}: a call of {trace.input_tokens[call]} tokens in and {trace.output_tokens[call]} out "
            f"fits no endpoint; tokens that fit: {allowed}. {len(found)} of {len(trace)} calls are too large. Divide "
            f"lengths by --shrink, or leave such calls out by --skip-bad"
        )


def _rooms(fleet: Fleet) -> dict[str, float]:
    """The tokens of the longest prompt with its answer, by endpoint."""
    rooms = {}
    for spec in fleet.specs:
        context = fleet.profiles[spec.name].context_tokens
        slot = spec.slot_tokens if spec.provider in SLOTTED else math.inf
        rooms[spec.name] = min(slot, context.value if context else math.inf)
    return rooms


def _frame_tokens(tokenizer: Tokenizer | None) -> int:
    """What a chat template adds to a prompt without a system message."""
    if tokenizer is None:
        return 0
    message = tokenizer.message_header_tokens.value + tokenizer.message_footer_tokens.value
    default = value_of(tokenizer.default_system_tokens)
    return round(message + (message + default if default else 0) + tokenizer.reply_header_tokens.value)
