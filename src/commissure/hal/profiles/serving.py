"""How an endpoint serves: the settings of an engine of one's own, or the behaviour of a hosted one."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from commissure.hal.profiles.quantity import Quantity, Record

Whole = Annotated[int, Field(ge=1, le=1_000_000_000)]
Small = Annotated[int, Field(ge=1, le=1024)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
# A year: nothing that is modelled takes longer at once.
LONGEST_S = 31_536_000.0


class SpeculativeDecoding(Record):
    """A draft proposes `draft_tokens` a step; each is accepted with a probability until one is not.

    `step_factor` is the cost of a step with drafting over one without.
    """

    draft_tokens: Small
    acceptance: Ratio
    step_factor: Positive = 1.0


class ConstrainedDecoding(Record):
    """How an engine keeps answers to a grammar.

    `masks` are made on the chip or on the host's processor; unless said, on the chip where a kernel for it is known.
    `overlaps` hides them behind the chip's work. `forced_share` of the tokens follow from the grammar alone and are
    filled in without a step.
    """

    masks: Literal["chip", "cpu"] | None = None
    overlaps: bool = False
    forced_share: Ratio = 0.0


class Buckets(Record):
    """Static shapes, as compiled for AWS Neuron: work is padded up to the next bucket of tokens."""

    context_tokens: Annotated[tuple[Whole, ...], Field(min_length=1)]
    batch: Whole

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.context_tokens) != sorted(set(self.context_tokens)):
            raise ValueError(f"context_tokens: give ascending sizes, not {list(self.context_tokens)}")
        return self


class Tier(Record):
    """A tier of KV memory below the chip's own, behind one channel that serves first come, first served."""

    name: Literal["dram", "ssd", "remote"]
    gb: Annotated[float, Field(gt=0, le=1e9)]
    gb_per_s: Annotated[float, Field(gt=0, le=1e9)]
    latency_s: Annotated[float, Field(ge=0, le=LONGEST_S)] = 0.0


class EngineSettings(Record):
    """How a serving engine is set up; the names and defaults are vLLM's (V1 scheduler).

    `kv_blocks` is the engine's own count of KV blocks, of `block_tokens` each; without it memory does not limit.
    `admission`: "grow" admits what fits now and preempts the latest when growth does not; "reserve" admits only
    what fits at its full length. `schedules_ahead` is vLLM's asynchronous scheduling: who joins a step is decided
    when the step before it begins.
    """

    max_num_seqs: Whole = 256
    max_batched_tokens: Whole = 8192
    kv_blocks: Whole | None = None
    block_tokens: Small = 16
    admission: Literal["grow", "reserve"] = "grow"
    schedules_ahead: bool = False
    prefix_caching: bool = True
    speculative: SpeculativeDecoding | None = None
    constrained: ConstrainedDecoding = ConstrainedDecoding()
    buckets: Buckets | None = None
    tiers: tuple[Tier, ...] = ()

    @model_validator(mode="after")
    def _a_step_holds_every_sequence(self) -> Self:
        if self.max_batched_tokens < self.max_num_seqs:
            raise ValueError(
                f"max_batched_tokens ({self.max_batched_tokens}) must be at least max_num_seqs ({self.max_num_seqs})"
            )
        for name in ("speculative", "tiers"):
            if self.buckets is not None and getattr(self, name):
                raise ValueError(f"buckets and {name} are not modelled together: give one of them")
        return self


class Hosted(Record):
    """A black box: seconds = base + uncached + cached + output tokens, each at its rate, times noise.

    Noise is log-logistic with `noise_shape` (a larger shape is narrower); `session_share` of its variance in logs
    is common to a workflow. `hidden_tokens` of reasoning come before the first visible token of a call.
    """

    base_s: Quantity
    output_token_s: Quantity
    uncached_token_s: Quantity | None = None
    cached_token_s: Quantity | None = None
    network_s: Quantity | None = None
    hidden_tokens: Quantity | None = None
    noise_shape: Quantity | None = None
    session_share: Quantity | None = None
    concurrency: Quantity | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for name, least, most in (("noise_shape", 1.0, 1e6), ("session_share", 0.0, 1.0), ("concurrency", 1.0, 1e9)):
            quantity = getattr(self, name)
            if quantity is not None and not least <= quantity.value <= most:
                raise ValueError(f"{name}: {quantity.value} is not in {least} .. {most}")
        for name, quantity in self:
            if name.endswith("_s") and quantity is not None and quantity.value > LONGEST_S:
                raise ValueError(f"{name}: {quantity.value} s is beyond {LONGEST_S:.0f} s, the most that is allowed")
        if self.hidden_tokens is not None and self.hidden_tokens.value > 1e7:
            raise ValueError(f"hidden_tokens: {self.hidden_tokens.value} is beyond 10,000,000")
        return self


class Limits(Record):
    """Rate limits of a hosted endpoint. `reserve_output`: quota is taken up front for the longest answer.

    `uncached_tokens_per_minute` is a second bucket, for prompt tokens that were not cached.
    """

    requests_per_minute: Quantity | None = None
    tokens_per_minute: Quantity | None = None
    uncached_tokens_per_minute: Quantity | None = None
    tokens_per_day: Quantity | None = None
    requests_per_day: Quantity | None = None
    reserve_output: bool = False


class ColdStart(Record):
    """The first call after `idle_s` without any waits this long."""

    seconds: Quantity
    idle_s: Quantity | None = None
