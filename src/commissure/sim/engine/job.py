"""One call inside an engine: what is asked, how far it is, and when what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

NEVER = -1.0
WAITING = -1


def ignore(job: Job) -> None:
    """Tell nobody."""


class Job:
    """A call as an engine sees it: token counts, no text.

    `hashes` name the prompt's leading blocks of `PrefixCache.unit_tokens` tokens each: equal names, equal prefixes.
    `ready_tokens` of the prompt come with their KV state from elsewhere (another chip, a latent hand-off, a lower
    tier) and are not computed, if those before `ready_from` are here. `cached` counts the prompt's tokens that were
    not computed. `mask_s` is the time of one grammar mask, `mask_step_s` what a step with any mask takes for
    them all. A job `ahead` computes a prompt that nobody
    has asked for yet: it is no use of what it finds. Times are virtual seconds, NEVER before they happen.
    """

    def __init__(
        self,
        prompt: int,
        output: int,
        hashes: Sequence[int] = (),
        done: Callable[[Job], Any] = ignore,
        index: int = 0,
        ready_tokens: int = 0,
    ) -> None:
        self.prompt = prompt
        self.output = output
        self.hashes = hashes
        self.done = done
        self.index = index
        self.ready_tokens = ready_tokens
        self.ready_from = 0
        self.ahead = False
        # The longest answer that was asked for, where that is more than the answer.
        self.longest = 0
        self.on_first: Callable[[Job], Any] | None = None
        self.tag: Any = None
        # Where in which workflow its agent asks, if that was said.
        self.node = ""
        self.workflow = ""
        # Whether its answer keeps to a grammar.
        self.constrained = False
        self.mask_s = 0.0
        self.mask_step_s = 0.0
        self.mask_overlaps = False
        # How it decodes: steps after its prefill, KV tokens that each adds, the step that shows its first token.
        self.left = output - 1
        self.rate = 1.0
        self.first_step = 0
        # Where it is: tokens in KV when it decodes, the engine's step when it began to, its place in admission,
        # and whether it takes KV blocks as it grows or took them all on admission; those that are still to come.
        self.todo = prompt
        self.step_at = 0
        self.order = WAITING
        self.grows = True
        self.held: Sequence[int] = ()
        self.held_blocks = 0
        self.pending = 0
        self.cached = 0
        self.cached_units = 0
        self.preemptions = 0
        self.error: Exception | None = None
        # When its client sent it, which may be before this engine got it.
        self.sent_s = NEVER
        self.arrived_s = self.started_s = self.first_s = self.finished_s = NEVER
