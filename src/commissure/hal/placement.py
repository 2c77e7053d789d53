"""The seam of prefill placement: which chip computes a prompt. A policy returns a value and acts on nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from commissure.hal.call import Call


@dataclass(frozen=True, slots=True)
class PrefillOption:
    """A chip that could compute a call's prompt, and what is expected of it.

    `prefill_s` is to compute what is not cached there, `transfer_s` the way of the KV state to the chip that answers
    (or up from a tier of its own memory), the queue on that way included, and `queue_s` the wait for other calls. `usd`
    is the price of the chip for `prefill_s`, infinite where its price by the hour is not known. `own` marks the chip
    that answers.
    """

    name: str
    prefill_s: float
    transfer_s: float = 0.0
    queue_s: float = 0.0
    usd: float = 0.0
    own: bool = False

    @property
    def total_s(self) -> float:
        """Seconds until the chip that answers can go on."""
        return self.prefill_s + self.transfer_s + self.queue_s


class Placer(ABC):
    """Which chip computes a call's prompt, where an endpoint has other chips for that."""

    @abstractmethod
    def choose(self, call: Call, options: Sequence[PrefillOption]) -> PrefillOption:
        """One of the options: the endpoint's own chip first, if it can, then its prefill chips in the file's order.

        The call tells its `prompt_tokens`, `max_tokens` and `agent`, not its text. Pure: no I/O, no clock, no dice.
        """
