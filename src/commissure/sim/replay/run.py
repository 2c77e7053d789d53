"""Replay a trace on a fleet of modelled endpoints."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import simpy

from commissure.hal.errors import BudgetExceeded, EndpointError, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.ledger import UNLIMITED, Budget
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Usage
from commissure.sim.engine.server import Serves
from commissure.sim.hosted.latency import hidden_tokens
from commissure.sim.hosted.retry import Retrying
from commissure.sim.replay.accounts import PARTS_A_USD, Accounts, Tariff
from commissure.sim.replay.columns import Columns
from commissure.sim.replay.feed import Feed
from commissure.sim.replay.route import Desk
from commissure.sim.topology.build import Site, block_tokens, build_servers, longest_call
from commissure.sim.workload.trace import Floats, Ints, Trace

# How many slices of virtual time a replay takes, after each of which progress is told.
SLICES = 200
Progress = Callable[[int, int], None]


def replay(
    trace: Trace,
    fleet: Fleet,
    *,
    seed: int = 0,
    budget: Budget = UNLIMITED,
    exact: bool = False,
    progress: Progress | None = None,
) -> Columns:
    """Serve every call of the trace. The same trace and fleet give the same columns, to the last bit.

    Calls that the budget does not hold fail: it limits what is paid by the token, tokens and calls.
    `exact` steps through every engine iteration, slowly: the oracle. `progress` hears of calls ended and calls in
    all. Raises UsageError, before anything runs, if some call fits no endpoint, and EndpointError never: failed
    calls are rows without a finish.
    """
    limits = _check_fits(trace, fleet)
    env = simpy.Environment()
    site = Site(env, _unit_tokens(trace, fleet), fleet.folder, seed, faults=fleet.faults)
    site.evictor, site.placer = fleet.evictor, fleet.placer
    servers = build_servers(site, fleet, exact=exact)
    inputs, outputs = trace.input_tokens.tolist(), trace.output_tokens.tolist()
    desk = Desk(fleet, servers, limits, inputs, outputs)
    accounts = None
    if budget is not UNLIMITED:
        accounts = _accounts(desk, fleet, budget, inputs, outputs)
    front = accounts or desk
    feed = Feed(env, trace.arrival_s.tolist(), inputs, outputs, trace.prefixes(), front.route)
    if accounts or desk.watches:
        feed.on_end = front.ended
    with _calm_collector():
        feed.start()
        _run(env, feed, len(trace), progress)
    _name_the_stuck(feed, servers, desk.chosen)
    return _columns(trace, fleet, servers, feed, np.asarray(desk.chosen, np.int64))


def _accounts(desk: Desk, fleet: Fleet, budget: Budget, inputs: list[int], outputs: list[int]) -> Accounts:
    def refuse(parts: int, tokens: int, held: int) -> BudgetExceeded:
        return BudgetExceeded(
            f"the budget holds {budget.usd} USD, {budget.tokens} tokens and {budget.calls} calls; of its money "
            f"{accounts.spent_usd:.6f} USD are spent and {held / PARTS_A_USD:.6f} reserved, and this call needs "
            f"{parts / PARTS_A_USD:.6f} USD and {tokens} tokens more"
        )

    tariffs = [_tariff(fleet.profiles[spec.name]) for spec in fleet.specs]
    sizes = (inputs, outputs)
    accounts = Accounts(
        budget.usd, budget.tokens, budget.calls, tariffs, sizes, desk.route, desk.chosen, desk.ended, refuse
    )
    return accounts


def _tariff(profile: Profile) -> Tariff:
    """Prices of single tokens, read off the profile's own rule."""
    new, cached, said = (profile.price_usd(usage) for usage in (Usage(1, 0, 0), Usage(1, 1, 0), Usage(0, 0, 1)))
    return Tariff(new, cached, said, hidden_tokens(profile))


def _name_the_stuck(feed: Feed, servers: Mapping[str, Serves], chosen: list[int]) -> None:
    """No call may be missing without a reason."""
    if feed.ended == len(chosen):
        return
    names = [*servers]
    for number, finished_s in enumerate(feed.finished_s):
        if finished_s < 0 and number not in feed.errors:
            feed.errors[number] = EndpointError(names[chosen[number]], "still waiting when nothing was left to happen")


def _unit_tokens(trace: Trace, fleet: Fleet) -> int:
    """The size of the trace's hashed blocks; without any, that of the engines' own, which preempted calls leave."""
    if len(trace.hashes):
        return trace.unit_tokens
    return block_tokens(fleet)


def too_large(trace: Trace, fleet: Fleet) -> Ints:
    """The numbers of the calls that no endpoint of the fleet can hold."""
    return np.flatnonzero(trace.input_tokens + trace.output_tokens > max(_limits(fleet).values()))


def _limits(fleet: Fleet) -> dict[str, float]:
    return {spec.name: longest_call(spec, fleet.profiles[spec.name], fleet.folder) for spec in fleet.specs}


def _check_fits(trace: Trace, fleet: Fleet) -> dict[str, float]:
    """Each endpoint's limit in tokens. Raises UsageError, with the call's line, if a call is larger than all."""
    limits, beyond = _limits(fleet), too_large(trace, fleet)
    if len(beyond):
        call = int(beyond[0])
        line = f":{trace.lines[call]}" if len(trace.lines) else f", call {call}"
        allowed = ", ".join(f"{name} {limit:,.0f}" for name, limit in limits.items())
        raise UsageError(
            f"{trace.name}{line}: a call of {trace.input_tokens[call]} tokens in and {trace.output_tokens[call]} out "
            f"fits no endpoint; tokens that fit: {allowed}. {len(beyond)} of {len(trace)} calls are too large"
        )
    return limits


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Collect garbage seldom: a replay makes no cycles, and looking for them costs a third of its time."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _run(env: simpy.Environment, feed: Feed, calls: int, progress: Progress | None) -> None:
    if progress is None:
        env.run()
        return
    step = max(1, calls // SLICES)
    told = 0
    while env.peek() < float("inf"):
        env.step()
        if feed.ended >= told + step:
            told = feed.ended
            progress(told, calls)
    progress(feed.ended, calls)


def _columns(trace: Trace, fleet: Fleet, servers: Mapping[str, Serves], feed: Feed, endpoint: Ints) -> Columns:
    cached = np.asarray(feed.cached, np.int64)
    finished = np.asarray(feed.finished_s)
    names = tuple(spec.name for spec in fleet.specs)
    return Columns(
        trace.arrival_s,
        np.asarray(feed.started_s),
        np.asarray(feed.first_s),
        finished,
        trace.input_tokens,
        cached,
        trace.output_tokens,
        endpoint,
        np.asarray(feed.preemptions, np.int64),
        _prices(trace, [fleet.profiles[name] for name in names], endpoint, cached) * (finished >= 0),
        names,
        {name: server.busy_s for name, server in servers.items()},
        fleet.usd_per_hour,
        frozenset(names.index(name) for name in fleet.unpriced()),
        sum(server.retries for server in servers.values() if isinstance(server, Retrying)),
        feed.latest_s,
        feed.errors,
    )


def _prices(trace: Trace, profiles: list[Profile], endpoint: Ints, cached: Ints) -> Floats:
    """The tokens' price of each call, in US dollars; endpoints by the hour cost nothing by the token."""
    usd = np.zeros(len(trace))
    for number, profile in enumerate(profiles):
        if profile.price is None:
            continue
        own = endpoint == number
        price = profile.price
        hidden = hidden_tokens(profile)
        kept = price.cached_usd_per_mtok or price.input_usd_per_mtok
        usd[own] = 1e-6 * (
            (trace.input_tokens - cached)[own] * price.input_usd_per_mtok.value
            + cached[own] * kept.value
            + (trace.output_tokens[own] + hidden) * price.output_usd_per_mtok.value
        )
    return usd
