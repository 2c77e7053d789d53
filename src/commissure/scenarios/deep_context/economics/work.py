"""One task in tokens and calls, and what it costs and takes at an endpoint of public prices and speeds."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.errors import UsageError
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Usage


@dataclass(frozen=True, slots=True)
class Work:
    """A recursive task: so many tokens read and said, over so many calls, so many of which run at once.

    `hidden` tokens of reasoning are said beside in each call, by models that reason. `cached` is the share of what is
    read that was kept from earlier calls. The default is what $3.75 and some 2,000 s at GPT-5's prices come to, were
    every call sequential and GPT-5's (derived: 1 M tokens in, 250 k out); the number of calls is assumed.
    """

    read: float = 1_000_000
    said: float = 250_000
    calls: float = 100
    at_once: float = 1
    hidden: float = 0
    cached: float = 0.0

    def __post_init__(self) -> None:
        if min(self.read, self.said, self.calls, self.at_once) <= 0 or self.hidden < 0 or not 0 <= self.cached <= 1:
            raise UsageError(f"work has tokens and calls above 0, and a cached share from 0 to 1: {self}")


@dataclass(frozen=True, slots=True)
class Bill:
    """What a task costs, in US dollars, and how long it takes, in seconds."""

    usd: float
    seconds: float


def bill(work: Work, profile: Profile) -> Bill:
    """Of a hosted endpoint: every token at its price, calls one after another in `at_once` lanes.

    T = calls / at_once x (base + tokens said / speed + tokens read x their rate), without noise, queue or rate limits.
    Raises UsageError for an endpoint without a price or a hosted time.
    """
    if profile.price is None or profile.hosted is None:
        raise UsageError(f"{profile.provider} {profile.model}: no public price or speed by the token")
    said = work.said + work.hidden * work.calls
    usage = Usage(round(work.read), round(work.cached * work.read), round(said))
    rates = profile.hosted
    uncached = (1 - work.cached) * work.read * value_of(rates.uncached_token_s)
    cached = work.cached * work.read * value_of(rates.cached_token_s)
    each = rates.base_s.value + value_of(rates.network_s)
    busy = work.calls * each + uncached + cached + said * rates.output_token_s.value
    return Bill(profile.price_usd(usage), busy / work.at_once)
