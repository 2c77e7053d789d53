"""What became of a report: its grade, what failed on the way, what it took. These are the scenario's measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from commissure.policies.recursion.tree import Tree
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.activity.rubric import grade
from commissure.scenarios.deep_context.reporting.pipeline import Made
from commissure.scenarios.deep_context.reporting.roles import Roles

MOST_SHOWN = 20


class Result(BaseModel):
    """One report. `points` are the rubric's, by part. `left_out` counts pieces, `dropped` rows that stand nowhere.

    `failures` counts by kind. Money in USD, times in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: dict[str, float]
    total: float
    precision: float
    recall: float
    f1: float
    hallucinated: list[str]
    zero_hallucination: bool
    parsed: bool
    commits: int
    pieces: int
    left_out: int
    dropped: int
    written: int
    complete: bool
    failures: dict[str, int]
    reads: str
    writes: str
    checks: str
    usd: float
    tokens: float
    calls: float
    wall_s: float


def result_of(made: Made, commits: Sequence[Commit], package: str, tree: Tree, roles: Roles) -> Result:
    """Graded; a report that is not whole is graded by what there is of it."""
    found, used = grade(made.text, commits, package), tree.ledger.spent
    failures = Counter(one.kind for one in tree.failures)
    return Result(
        points=dict(found.parts),
        total=found.total,
        precision=found.precision,
        recall=found.recall,
        f1=found.f1,
        hallucinated=list(found.hallucinated)[:MOST_SHOWN],
        zero_hallucination=found.zero_hallucination,
        parsed=found.parsed,
        commits=len(commits),
        pieces=made.pieces,
        left_out=made.left_out,
        dropped=made.dropped,
        written=made.written,
        complete=bool(made.text) and not made.left_out,
        failures=dict(failures),
        reads=roles.reads,
        writes=roles.writes,
        checks=roles.checks,
        usd=used.usd,
        tokens=used.tokens,
        calls=used.calls,
        wall_s=tree.rt.now() - tree.began_s,
    )
