"""What is known of endpoints. Every number carries its source and date; unknown ones are absent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from commissure.hal.errors import unknown
from commissure.hal.profiles.quantity import Quantity, Record, value_of
from commissure.hal.profiles.serving import ColdStart, EngineSettings, Hosted, Limits
from commissure.hal.reply import Usage
from commissure.hal.tomlfile import PROFILES, load_toml

# Limits of what a profile may say: a step of an hour, a chat frame longer than any.
LONGEST_S, MOST_FRAME_TOKENS = 3600.0, 10_000


class Price(Record):
    """US dollars for a million tokens."""

    input_usd_per_mtok: Quantity
    output_usd_per_mtok: Quantity
    cached_usd_per_mtok: Quantity | None = None
    cache_write_usd_per_mtok: Quantity | None = None

    def usd(self, usage: Usage) -> float:
        """The price of one call's tokens; cached and kept ones cost as input where no own price is known."""
        cached = self.cached_usd_per_mtok or self.input_usd_per_mtok
        kept = self.cache_write_usd_per_mtok or self.input_usd_per_mtok
        return 1e-6 * (
            (usage.computed_tokens - usage.cache_write_tokens) * self.input_usd_per_mtok.value
            + usage.cache_write_tokens * kept.value
            + usage.cached_tokens * cached.value
            + usage.said_tokens * self.output_usd_per_mtok.value
        )


class StepTime(Record):
    """Coefficients of the time of one engine step and of one call, in seconds.

    step = fixed + token x tokens + sequence x sequences + kv x resident context + attention x sum(chunk x (context
    + chunk / 2)) + experts x share of experts read; chunks are of prompts. The first `hidden_tokens` tokens of a step
    cost nothing of their own: they are computed while the weights are read. A call adds `call_s`. This additive form
    fits the public AIConfigurator grids with a mean error of 2.3 to 7.8 % (ai-dynamo/aiconfigurator, vLLM 0.24
    kernels); mixtures of experts need their own term.
    """

    fixed_s: Quantity
    token_s: Quantity
    kv_token_s: Quantity
    attention_s: Quantity
    call_s: Quantity
    sequence_s: Quantity | None = None
    experts_s: Quantity | None = None
    hidden_tokens: Quantity | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for name, quantity in self:
            if name.endswith("_s") and quantity is not None and quantity.value > LONGEST_S:
                raise ValueError(f"{name}: {quantity.value} s is beyond {LONGEST_S} s, the most that is allowed")
        return self

    def values(self) -> dict[str, float]:
        """The coefficients by name, without their provenance; unknown ones are 0."""
        return {name: value_of(quantity) for name, quantity in self}


class Disk(Record):
    """What writing a slot's KV state to the endpoint's disk takes, and reading it back, in seconds."""

    save_token_s: Quantity
    restore_token_s: Quantity
    request_s: Quantity


class Tokenizer(Record):
    """How text becomes tokens in a model of an endpoint: a chat frame around words of a mean length.

    `default_system_tokens` is the length of what a chat template says where a call has no system prompt.
    """

    tokens_per_word: Quantity
    message_header_tokens: Quantity
    message_footer_tokens: Quantity
    reply_header_tokens: Quantity
    default_system_tokens: Quantity | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for name, quantity in self:
            if quantity is not None and quantity.value > MOST_FRAME_TOKENS:
                raise ValueError(f"{name}: {quantity.value} is beyond {MOST_FRAME_TOKENS}, the most that is allowed")
        return self


class Profile(Record):
    """All that is known of one endpoint: a model on `chips` chips at a provider.

    With `step` it is modelled as an engine of one's own, set up as `engine` says and paid by the hour; with `hosted`
    as a black box behind `limits`, paid by the token.
    """

    model: str
    chip: str
    provider: str
    context_tokens: Quantity | None = None
    price: Price | None = None
    step: StepTime | None = None
    tokenizer: Tokenizer | None = None
    disk: Disk | None = None
    chips: Annotated[int, Field(ge=1)] = 1
    usd_per_hour: Quantity | None = None
    engine: EngineSettings | None = None
    hosted: Hosted | None = None
    limits: Limits | None = None
    cold_start: ColdStart | None = None

    def price_usd(self, usage: Usage) -> float:
        """The price of one call, 0 where the profile has no price."""
        return self.price.usd(usage) if self.price else 0.0


def profile_names() -> list[str]:
    """The profiles that come with the package."""
    return sorted(path.stem for path in (PROFILES / "endpoints").glob("*.toml"))


def provider_names() -> list[str]:
    """The providers that can be modelled: those of the profiles, provider-model-chip."""
    return sorted({name.partition("-")[0] for name in profile_names()})


def load_profile(name: str, beside: Path | None = None) -> Profile:
    """A profile of the package by name, or a file whose path ends in .toml, relative to the folder `beside`."""
    if name.endswith(".toml"):
        return load_toml((beside or Path()) / name, Profile)
    if name not in profile_names():
        raise unknown("profile", name, profile_names())
    return load_toml(PROFILES / "endpoints" / f"{name}.toml", Profile)
