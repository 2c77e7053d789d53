"""How long a hosted call takes: a straight line in its token counts, times noise."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of


def hidden_tokens(profile: Profile) -> int:
    """Reasoning tokens before the first visible one of a call: never shown, but billed and metered as output."""
    return round(value_of(profile.hosted.hidden_tokens)) if profile.hosted else 0


def reuses_prefixes(profile: Profile) -> bool:
    """Whether the provider is known to keep prompts: it has a price or a speed for cached tokens."""
    priced = profile.price is not None and profile.price.cached_usd_per_mtok is not None
    return priced or (profile.hosted is not None and profile.hosted.cached_token_s is not None)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds a call and a token at a hosted endpoint; a rate that nobody knows is 0."""

    network_s: float
    base_s: float
    uncached_token_s: float
    cached_token_s: float
    output_token_s: float
    hidden_tokens: int

    @classmethod
    def of(cls, profile: Profile) -> Latency:
        """The rates of a profile with a `hosted` part; all 0 without one."""
        rates = {name: value_of(getattr(profile.hosted, name, None)) for name in _RATES}
        return cls(**rates, hidden_tokens=hidden_tokens(profile))

    def seconds(self, uncached: int, cached: int, output: int, factor: float = 1.0) -> tuple[float, float]:
        """From the start of a call to its first visible token, and to its last.

        The first visible token is generated like every other, so it costs one `output_token_s` after the prompt and
        the hidden tokens; each later one costs the same. So first + (output - 1) x time per output token = last.
        `factor` multiplies everything but the network.
        """
        prompt_s = self.base_s + uncached * self.uncached_token_s + cached * self.cached_token_s
        before = self.hidden_tokens + min(output, 1)
        first_s = self.network_s + (prompt_s + before * self.output_token_s) * factor
        return first_s, first_s + max(output - 1, 0) * self.output_token_s * factor


_RATES = ("network_s", "base_s", "uncached_token_s", "cached_token_s", "output_token_s")
