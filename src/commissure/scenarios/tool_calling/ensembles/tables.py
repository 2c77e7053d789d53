"""The tables of tool-calls: every policy beside its baselines, the best ensembles, pace, and the foretold vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Table
from commissure.scenarios.tool_calling.ensembles.families import family_table
from commissure.scenarios.tool_calling.ensembles.measures import Measures, MemberMeasures
from commissure.scenarios.tool_calling.ensembles.on_silicon import on_silicon, silicon_table
from commissure.scenarios.tool_calling.ensembles.rows import Between, Row
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE

INTERVALS = "95 % intervals by bootstrap over records"


def tables_of(legs: Sequence[LegSummary]) -> list[Table]:
    """Of each leg."""
    found = []
    for leg in legs:
        measures = Measures.model_validate(leg.measures["ensembles"])
        where = f"{leg.world}, {leg.policy}"
        found += [_policies(where, measures), _pace(where, measures), _votes(where, measures), _best(where, measures)]
        found.append(family_table(where, measures.families))
        found += [silicon_table()] if on_silicon(leg) else []
    return [table for table in found if table.rows]


def _policies(where: str, measures: Measures) -> Table:
    head = (
        "model", "policy", "records right", "fields right", "less own greedy", f"less greedy of {measures.larger}",
        "candidates", "tokens",
    )  # fmt: skip
    title = f"{where}: every policy on the same candidates, {measures.records} records; {INTERVALS}"
    return Table(title, head, [_policy(row) for row in measures.rows])


def _policy(row: Row) -> list[str]:
    return [
        row.who, row.policy, spread(row.right), spread(row.fields), points(row.against_greedy),
        points(row.against_larger), f"{row.candidates:.1f}", f"{row.tokens:.0f}",
    ]  # fmt: skip


def _pace(where: str, measures: Measures) -> Table:
    head = (
        "member", "model", "greedy, s", "candidates, s", "ratio", "greedy tokens", "candidates' tokens",
        "prompt computed", "agreement", "USD, greedy and candidates",
    )  # fmt: skip
    rows = [_pace_row(name, one) for name, one in measures.members.items()]
    return Table(
        f"{where}: candidates beside one greedy answer; seconds are medians over records, the rest means", head, rows
    )


def _pace_row(name: str, one: MemberMeasures) -> list[str]:
    pace = one.pace
    ratio = "-" if pace.ratio is None else "{:.2f} ({:.2f} .. {:.2f})".format(*pace.ratio)
    return [
        name, one.model, f"{pace.greedy_s:.2f}", f"{pace.candidates_s:.2f}", ratio,
        f"{pace.greedy_tokens:.0f}", f"{pace.candidates_tokens:.0f}", f"{pace.computed_tokens:.0f}",
        f"{one.agreement:.0%}", " ".join(f"{usd:.2g}" for usd in pace.cost_usd),
    ]  # fmt: skip


def _votes(where: str, measures: Measures) -> Table:
    head = ("member", "one answer", "correlation of two", "eight are worth", "vote", "candidates", "foretold from two",
            "measured", "within its interval")  # fmt: skip
    rows = [row for name, one in measures.members.items() for row in vote_rows(name, one)]
    return Table(f"{where}: votes as foretold before the candidates were asked for", head, rows)


def vote_rows(name: str, one: MemberMeasures) -> list[list[str]]:
    """Plurality and per-field vote at all candidates: foretold with its band, measured, and whether it holds."""
    if one.foretold is None or one.chances is None:
        return []
    of = one.chances
    known = [name, f"{of.mean:.1%}", f"{of.correlation:.2f}", f"{of.effective_of_eight:.1f} votes"]
    found = []
    for measured, curve in ((one.plurality, one.foretold.plurality), (one.per_field, one.foretold.per_field)):
        n = measured.n[-1]
        if n not in curve.n:
            continue
        at = curve.n.index(n)
        told = (curve.accuracy[at], curve.low[at], curve.high[at])
        seen = (measured.accuracy[-1], measured.low[-1], measured.high[-1])
        inside = seen[1] <= told[0] <= seen[2]
        found.append([*known, measured.policy, str(n), spread(told), spread(seen), "yes" if inside else "NO"])
    return found


def _best(where: str, measures: Measures) -> Table:
    head = ("member", "best on the development records", "on the test records", "less greedy", "less one sample",
            "less the larger", "why")  # fmt: skip
    rows = [
        [name, one.best.policy, spread(one.best.right), points(one.best.against_greedy), points(one.best.against_one),
         points(one.best.against_larger), one.best.why]
        for name, one in measures.members.items() if one.best is not None
    ]  # fmt: skip
    return Table(f"{where}: chosen on some records, measured on the others", head, rows)


def cells(measures: Mapping[str, object], policy: str) -> dict[str, str]:
    """A leg's own cells."""
    found = Measures.model_validate(measures)
    told = {(row.who, row.policy): row for row in found.rows}

    def of(name: str) -> str:
        kinds = (GREEDY, ONE, policy, ORACLE)
        shown = (told.get((name, kind)) for kind in kinds)
        return " / ".join("-" if row is None else f"{row.right[0]:.0%}" for row in shown)

    valid = found.valid
    return {
        f"records right: {GREEDY} / {ONE} / policy / {ORACLE}": ", ".join(
            f"{name} {of(name)}" for name in found.members
        ),
        "candidates' time": ", ".join(
            f"{name} {one.pace.ratio[0]:.1f}x" for name, one in found.members.items() if one.pace.ratio
        ),
        "valid": f"{valid.accepted} of {valid.answers - valid.unchecked}",
    }


def spread(value: Between) -> str:
    """A share with its interval, in per cent."""
    mean, low, high = value
    return f"{mean:.1%} ({low:.0%} .. {high:.0%})"


def points(value: Between | None) -> str:
    """A difference with its interval, in points."""
    if value is None:
        return "-"
    mean, low, high = (100 * one for one in value)
    return f"{mean:+.1f} ({low:+.1f} .. {high:+.1f})"
