"""What one engine step costs: the profile's step-time model over a batch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from commissure.hal.profiles.model import Experts
from commissure.hal.profiles.serving import EngineSettings


class StepCost:
    """seconds = fixed + token x tokens + sequence x sequences + kv x resident + attention x chunk work + experts.

    The terms are those of `StepTime`, given by its `values()`; a decoding sequence counts `decode_tokens` tokens a
    step, of which all but one are a draft's. `slowdown` stretches every step, for faults.
    """

    def __init__(
        self,
        values: Mapping[str, float],
        settings: EngineSettings,
        experts: Experts | None = None,
        block_tokens: int = 1,
    ) -> None:
        draft = settings.speculative
        factor = draft.step_factor if draft else 1.0
        self.fixed: float = values["fixed_s"] * factor
        self.token: float = values["token_s"] * factor
        self.sequence: float = values["sequence_s"] * factor
        self.kv: float = values["kv_token_s"] * factor
        self.attention: float = values["attention_s"] * factor
        self.experts: float = values["experts_s"] * factor if experts else 0.0
        self.hidden: float = values["hidden_tokens"]
        self.decode_tokens: int = (draft.draft_tokens + 1 if draft else 1) * block_tokens
        self.slowdown = 1.0
        self._experts = experts
        self._shares: dict[int, float] = {}

    def seconds(self, tokens: int, sequences: int, kv: float, attention: float) -> float:
        """Of one step over so many tokens and sequences, `kv` resident tokens, and `attention` token pairs."""
        shown = tokens - self.hidden
        total = self.fixed + self.sequence * sequences + self.kv * kv + self.attention * attention
        if shown > 0.0:
            total += self.token * shown
        if self.experts:
            total += self.experts * self._share(tokens)
        return total * self.slowdown

    def growth(self, kv_tokens: float, chunk: int = 0) -> float:
        """How much more each next step costs: it reads `kv_tokens` more, and a chunk behind one chunk more."""
        return (self.kv * (kv_tokens + chunk) + self.attention * chunk * chunk) * self.slowdown

    def _share(self, tokens: int) -> float:
        share = self._shares.get(tokens)
        if share is None and self._experts is not None:
            share = self._shares[tokens] = self._experts.share(tokens)
        return share or 0.0


class PaddedCost(StepCost):
    """The cost on static shapes: a batch of fixed size, contexts padded to the next bucket.

    Latency is then a step function of the buckets, as on AWS Neuron with static shapes.
    """

    def __init__(
        self,
        values: Mapping[str, float],
        settings: EngineSettings,
        experts: Experts | None = None,
        block_tokens: int = 1,
    ) -> None:
        super().__init__(values, settings, experts, block_tokens)
        assert settings.buckets is not None
        self._sizes: tuple[int, ...] = settings.buckets.context_tokens
        self._batch: int = settings.buckets.batch

    @property
    def largest(self) -> int:
        """The largest compiled size, in tokens."""
        return self._sizes[-1]

    def bucket(self, tokens: int) -> int:
        """The smallest compiled size that holds so many tokens."""
        return self._sizes[bisect_left(self._sizes, tokens)]

    def prefill(self, prompt: int) -> float:
        """Of one whole prompt, computed alone."""
        size = self.bucket(prompt)
        return self.seconds(size, 1, size, size * size / 2)

    def decode(self, longest: int) -> float:
        """Of one token for each place of the batch, while the longest context has this length."""
        return self.seconds(self._batch * self.decode_tokens, self._batch, self._batch * self.bucket(longest), 0.0)
