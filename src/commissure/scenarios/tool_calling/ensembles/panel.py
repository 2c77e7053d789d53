"""What a member, or a mix of members, said to all questions, scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commissure.policies.ensemble.sample import Decision, Sample
from commissure.policies.ensemble.selector import Selector, Stopping
from commissure.scenarios.tool_calling.ensembles.answers import Answers
from commissure.scenarios.tool_calling.records.record import Record, Score
from commissure.scenarios.tool_calling.shares import even_shares


@dataclass(frozen=True, slots=True)
class Panel:
    """The candidates for each record, in the records' order; the greedy answer too, of a member alone."""

    name: str
    records: tuple[Record, ...]
    candidates: tuple[tuple[Sample, ...], ...]
    greedy: tuple[Sample, ...] = ()

    @property
    def n(self) -> int:
        """The most candidates that a record has."""
        return max(map(len, self.candidates), default=0)

    def decided(self, selector: Selector) -> list[Decision]:
        """A selector's decision on each record."""
        return [
            selector.select(those, record.question) for record, those in zip(self.records, self.candidates, strict=True)
        ]

    def scored(self, decisions: Sequence[Decision]) -> list[Score]:
        """What decisions are worth; none at all is wrong."""
        pairs = zip(self.records, decisions, strict=True)
        return [record.score(one.value) if one.answered else _nothing(record) for record, one in pairs]

    def scored_greedy(self) -> list[Score]:
        """What the greedy answers are worth."""
        return [score(record, one) for record, one in zip(self.records, self.greedy, strict=True)]

    def scored_candidates(self) -> list[list[Score]]:
        """What each candidate is worth."""
        pairs = zip(self.records, self.candidates, strict=True)
        return [[score(record, one) for one in those] for record, those in pairs]

    def first(self, count: int) -> Panel:
        """With the first `count` candidates of each record."""
        return Panel(self.name, self.records, tuple(those[:count] for those in self.candidates), self.greedy)

    def stopped(self, rule: Stopping) -> Panel:
        """With the candidates that a rule would have asked for, in their order."""
        return Panel(self.name, self.records, tuple(_until(those, rule) for those in self.candidates), self.greedy)


def panel_of(name: str, records: Sequence[Record], answers: Sequence[Answers]) -> Panel:
    """A member's panel."""
    return Panel(
        name,
        tuple(records),
        tuple(one.candidates.candidates(name) for one in answers),
        tuple(one.greedy.candidates(name)[0] for one in answers),
    )


def mixed(name: str, panels: Mapping[str, Panel], n: int) -> Panel:
    """`n` candidates, as evenly of the members as goes; the first members give what is left over."""
    members = list(panels.values())
    parts = [one.first(count).candidates for one, count in zip(members, even_shares(n, len(members)), strict=True)]
    together = tuple(tuple(one for those in row for one in those) for row in zip(*parts, strict=True))
    return Panel(name, members[0].records, together)


def score(record: Record, sample: Sample) -> Score:
    """Of one candidate; what is no JSON is wrong."""
    return record.score(sample.value) if sample.parsed else _nothing(record)


def _nothing(record: Record) -> Score:
    return Score(dict.fromkeys(record.score(record.truth).fields, False), right=False)


def _until(candidates: tuple[Sample, ...], rule: Stopping) -> tuple[Sample, ...]:
    taken, most = 0, len(candidates)
    while (more := min(rule.more(candidates[:taken], most), most - taken)) > 0:
        taken += more
    return candidates[:taken]
