"""What a fixed plan can take at most, in closed form and before it runs: calls, tokens, money, and about how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.policy import Candidate, FleetStatus
from commissure.hal.profiles.estimate import expected_usage, most_usage
from commissure.policies.recursion.ask import Ask
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.places import time_s
from commissure.policies.recursion.plans.plan import MapPlan


@dataclass(frozen=True, slots=True)
class Bound:
    """The most of one run of a plan: sub-calls, and what all their attempts may take, as the ledger counts them.

    These hold whatever fails, as long as endpoints keep to `max_tokens` and `Setting.attempts` counts every try.
    `least_s` and `most_s` are by the profiles' times: they hold where calls neither fail, nor wait for quota, nor slow
    each other.
    """

    asks: int
    calls: int
    tokens: int
    usd: float
    least_s: float
    most_s: float


@dataclass(frozen=True, slots=True)
class _Most:
    """The same of one ask; `least_s` of one word said at once, `most_s` of the longest answer."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    least_s: float = 0.0
    most_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What a plan would run on: who serves what, of which endpoints, how many sub-calls at once.

    `attempts` is how often an endpoint may be sent one call, as `most_attempts` says; once where it is not named.
    """

    delegation: Delegation
    fleet: FleetStatus
    fan_out: int = 8
    attempts: Mapping[str, int] | None = None


def most_attempts(specs: Iterable[EndpointSpec], waits: int = 0) -> dict[str, int]:
    """How often the `resilience` of each endpoint may send one call at a cost: tries, and a hedge beside each.

    `waits` is how often a recursion may send it anew after a refusal for want of quota, which is free itself (at most
    `tree.MOST_WAITS`): it adds something where a try before the refused one was billed.
    """
    tries = {spec.name: spec.resilience.attempts * (1 + spec.resilience.hedge) for spec in specs}
    return {name: most + waits * (most - 1) for name, most in tries.items()}


def bound(
    plan: MapPlan, context: str, chunk_tokens: int, again: int, setting: Setting, closing: Ask | None = None
) -> Bound:
    """Of the strategy `fixed_plan` with these settings. Of n pieces kept:

    asks <= n (1 + again) + closing; tokens and USD <= the sum over asks of the most that any endpoint, that the
    delegation may choose for it, could take, times its attempts. Seconds from below: max(longest, sum / c) of the
    shortest answers, without the closing call, which is not made where nothing could be read. From above: ceil(n / c) x
    the longest call where nothing is asked again, else sum / c + (1 - 1/c) x the longest chain (Graham 1969); and then
    the closing call.

    `closing` is the longest last call that the plan may make. Raises UsageError if the plan makes one and it is not
    given.
    """
    if closing is None and type(plan).close is not MapPlan.close:
        raise UsageError(f"{type(plan).__name__} ends with a call: give the longest that it may make as `closing`")
    asks = [plan.ask(piece) for piece in plan.split(context, chunk_tokens) if plan.keep(piece)]
    firsts = [_most(ask, setting) for ask in asks]
    repeats = [_most(replace(ask, kind="verify"), setting) for ask in asks] if again else []
    last = _Most() if closing is None else _most(closing, setting)
    every = [*firsts, *repeats * again, last]
    return Bound(
        asks=len(asks) * (1 + again) + (closing is not None),
        calls=sum(one.calls for one in every),
        tokens=sum(one.tokens for one in every),
        usd=sum(one.usd for one in every),
        least_s=_least_s(firsts, setting.fan_out),
        most_s=_most_s(firsts, repeats, again, setting.fan_out) + last.most_s,
    )


def _most(ask: Ask, setting: Setting) -> _Most:
    call = ask.call("")
    able = tuple(one for one in setting.fleet.candidates if one.can_serve(replace(call, schema=None)))
    if not able:
        # It fails before anything is sent.
        return _Most()
    fleet = replace(setting.fleet, candidates=able)
    each = [_at(ask, one, setting) for one in setting.delegation.possible(ask.depth, ask.kind, ask.est_tokens, fleet)]
    return _Most(
        max((one.calls for one in each), default=0),
        max((one.tokens for one in each), default=0),
        max((one.usd for one in each), default=0.0),
        min((one.least_s for one in each), default=0.0),
        max((one.most_s for one in each), default=0.0),
    )


def _at(ask: Ask, one: Candidate, setting: Setting) -> _Most:
    call, profile = ask.call(""), one.profile
    attempts = (setting.attempts or {}).get(one.name, 1)
    most, about = most_usage(call, profile), expected_usage(call, profile)
    return _Most(
        attempts,
        attempts * (most.prompt_tokens + most.output_tokens),
        attempts * profile.price_usd(most),
        # The whole prompt may be cached.
        _known(time_s(profile, 0, 1)),
        time_s(profile, about.prompt_tokens, ask.max_tokens),
    )


def _least_s(firsts: Sequence[_Most], fan_out: int) -> float:
    times = [one.least_s for one in firsts]
    return max(max(times, default=0.0), sum(times) / fan_out)


def _most_s(firsts: Sequence[_Most], repeats: Sequence[_Most], again: int, fan_out: int) -> float:
    if not firsts:
        return 0.0
    if not again:
        return ceil(len(firsts) / fan_out) * max(one.most_s for one in firsts)
    chains = [first.most_s + again * other.most_s for first, other in zip(firsts, repeats, strict=True)]
    return sum(chains) / fan_out + (1 - 1 / fan_out) * max(chains)


def _known(seconds: float) -> float:
    return 0.0 if seconds == inf else seconds
