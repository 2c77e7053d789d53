"""The table of what every policy is worth on the same candidates, beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from commissure.policies.ensemble.selectors import build_selector, selector_names
from commissure.policies.ensemble.stopping import build_stopping
from commissure.scenarios.tool_calling.ensembles.panel import Panel
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE, STOPPED, Way
from commissure.scenarios.tool_calling.records.record import Score
from commissure.theory.intervals import mean_interval, paired_interval

Column = NDArray[np.float64]
Between = tuple[float, float, float]
"""A mean with its 95 % interval: mean, low, high."""


class Row(BaseModel):
    """One policy of one member or mix: shares of records and of fields right, as means with 95 % intervals.

    `against_greedy` is the difference to the member's own greedy answer on the same records, `against_larger` to the
    greedy answer of the largest member; `candidates` is how many were used of each record, `tokens` how many they said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    policy: str
    right: Between
    fields: Between
    against_greedy: Between | None = None
    against_larger: Between | None = None
    candidates: float
    tokens: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A policy's worth by record: whole records right (0 or 1, or a mean), the share of fields right, tokens said."""

    who: str
    policy: str
    right: Column
    fields: Column
    used: Column
    tokens: Column


def outcomes(panel: Panel, own: Way | None = None) -> list[Outcome]:
    """All policies of one panel, its baselines first. `own` is the run's policy, where it is none of ours."""
    found = _baselines(panel)
    selectors = {name: build_selector(name) for name in selector_names()}
    if own is not None and own.name not in selectors:
        selectors[own.name] = own.selector
    for name, selector in selectors.items():
        if _applies(name, panel):
            found.append(_outcome(panel, name, panel.scored(panel.decided(selector)), panel))
    for name, rule in STOPPED.items():
        short = panel.stopped(build_stopping(rule))
        found.append(_outcome(panel, name, short.scored(short.decided(selectors["plurality"])), short))
    return found


def rows(found: Sequence[Outcome], larger: Outcome | None, seed: int) -> list[Row]:
    """With intervals; each compared with the greedy outcome of the same member and with the larger member's."""
    greedy = {one.who: one for one in found if one.policy == GREEDY}
    return [_row(one, greedy.get(one.who), larger, seed) for one in found]


def _applies(name: str, panel: Panel) -> bool:
    """Policies that need what no candidate has are left out, not shown as failures."""
    samples = [one for those in panel.candidates for one in those]
    needs: Mapping[str, bool] = {
        "best_logprob": any(one.logprob is not None for one in samples),
        "weighted": any(one.logprob is not None for one in samples),
        "weighted_fields": any(one.logprob is not None for one in samples),
        "verified": any(one.verdict is not None for one in samples),
    }
    return needs.get(name, True)


def _baselines(panel: Panel) -> list[Outcome]:
    every = panel.scored_candidates()
    one = Outcome(
        panel.name, ONE, _column([fmean(s.right for s in those) for those in every]),
        _column([fmean(s.share for s in those) for those in every]), np.ones(len(every)),
        _column([fmean(s.tokens for s in those) for those in panel.candidates]),
    )  # fmt: skip
    best = [max(those, key=lambda score: (score.right, score.share)) for those in every]
    oracle = _outcome(panel, ORACLE, best, panel)
    if not panel.greedy:
        return [one, oracle]
    scores = panel.scored_greedy()
    greedy = Outcome(
        panel.name, GREEDY, _column([s.right for s in scores]), _column([s.share for s in scores]),
        np.ones(len(scores)), _column([s.tokens for s in panel.greedy]),
    )  # fmt: skip
    return [greedy, one, oracle]


def _outcome(panel: Panel, policy: str, scores: Sequence[Score], used: Panel) -> Outcome:
    return Outcome(
        panel.name,
        policy,
        _column([one.right for one in scores]),
        _column([one.share for one in scores]),
        _column([len(those) for those in used.candidates]),
        _column([sum(one.tokens for one in those) for those in used.candidates]),
    )


def _row(one: Outcome, greedy: Outcome | None, larger: Outcome | None, seed: int) -> Row:
    alone = greedy is None or one is greedy
    return Row(
        who=one.who,
        policy=one.policy,
        right=between(one.right, seed),
        fields=between(one.fields, seed),
        against_greedy=None if greedy is None or alone else difference(one.right, greedy.right, seed),
        against_larger=None if larger is None or one is larger else difference(one.right, larger.right, seed),
        candidates=float(one.used.mean()),
        tokens=float(one.tokens.mean()),
    )


def between(values: Column, seed: int) -> Between:
    """The mean of a value a record, with its 95 % bootstrap interval."""
    found = mean_interval(values, seed=seed)
    return found.mean, found.low, found.high


def difference(ours: Column, theirs: Column, seed: int) -> Between:
    """How much better ours is on the same records, with its 95 % interval by the paired bootstrap."""
    found = paired_interval(ours, theirs, seed=seed)
    return found.mean, found.low, found.high


def _column(values: Sequence[float | bool]) -> Column:
    return np.asarray(values, dtype=np.float64)
