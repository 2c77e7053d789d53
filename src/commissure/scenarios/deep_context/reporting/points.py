"""What one long call and heterogeneous recursion are worth on made-up logs, in sim, with intervals over seeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.deep_context.reporting.program import prepared, report
from commissure.scenarios.deep_context.reporting.result import Result
from commissure.scenarios.deep_context.reporting.settings import SYNTHETIC, Settings
from commissure.scenarios.deep_context.reporting.speaking import Speaking
from commissure.scenarios.run import run
from commissure.theory.context.published import Source
from commissure.theory.intervals import Interval, mean_interval, paired_interval

SEEDS = 3
FLEET = "mixed"


@dataclass(frozen=True, slots=True)
class Compared:
    """Points of 100 of either, how many more recursion has, USD of either, and how many times cheaper it is.

    `strong` served the one long call, and writes in the recursion. `failures` are those of all the long calls, by kind;
    where there is one of them, the two cannot be compared.
    """

    tokens: int
    commits: float
    one_call: Interval
    heterogeneous: Interval
    more: Interval
    one_call_usd: Interval
    heterogeneous_usd: Interval
    cheaper: float
    strong: str
    failures: dict[str, int]


@cache
def report_points(tokens: int, seeds: int = SEEDS, fleet: str = FLEET, curve: Source = "oolong") -> Compared:
    """Of so many tokens of log, each seed with a log of its own. One model is the strong one in both."""
    alone = [reported("one_call", tokens, seed, fleet, curve) for seed in range(seeds)]
    served = [name for one in alone for name in one[1]]
    strong = served[0] if served else ""
    one = [result for result, _ in alone]
    other = [reported("heterogeneous", tokens, seed, fleet, curve, strong)[0] for seed in range(seeds)]
    usd, usd_other = _mean([each.usd for each in one]), _mean([each.usd for each in other])
    return Compared(
        tokens=tokens,
        commits=sum(each.commits for each in one) / seeds,
        one_call=_mean([each.total for each in one]),
        heterogeneous=_mean([each.total for each in other]),
        more=paired_interval([each.total for each in other], [each.total for each in one], seed=0),
        one_call_usd=usd,
        heterogeneous_usd=usd_other,
        cheaper=usd.mean / usd_other.mean if usd_other.mean else 0.0,
        strong=strong,
        failures=dict(sum((Counter(each.failures) for each in one), Counter())),
    )


def reported(
    policy: str, tokens: int, seed: int, fleet: str, curve: Source = "oolong", root: str = ""
) -> tuple[Result, tuple[str, ...]]:
    """One report on a made-up log, and the endpoints that served it."""
    settings = Settings(tokens=tokens, log=SYNTHETIC, root=root, curve=curve)
    ready = prepared(Fleet.load(fleet), settings, policy, seed)
    done = run(report, ready, settings, policy, seed=seed, behaviour=Speaking(settings.stand_in, seed, settings.curve))
    made: Result = done.result
    return made, tuple(dict.fromkeys(call.endpoint for call in done.calls))


def _mean(values: list[float]) -> Interval:
    return mean_interval(values, seed=0)
