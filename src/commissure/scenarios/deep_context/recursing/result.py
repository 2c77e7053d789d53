"""What became of one question: its answer, its score, and what it took."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from commissure.policies.recursion.ask import Answer
from commissure.policies.recursion.bounds import efficiency
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.deep_context.questions.record import Question
from commissure.scenarios.deep_context.questions.scoring import score

MOST_SHOWN = 500


class Result(BaseModel):
    """One question. `said` and `gold` are cut; `failures` counts by kind. Money in USD, times in seconds.

    `efficiency` is the bound of its leaf stages' schedules over the time that they took, 1 where there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    family: str
    kind: str
    strategy: str
    said: str
    gold: str
    score: float
    chance: float
    complete: bool
    failures: dict[str, int]
    usd: float
    tokens: float
    calls: float
    call_s: float
    wall_s: float
    efficiency: float


def result_of(question: Question, answer: Answer, tree: Tree) -> Result:
    """Scored; what is not whole is scored by what there is of it."""
    return Result(
        id=question.id,
        family=question.family,
        kind=question.kind,
        strategy=answer.strategy,
        said=answer.text[:MOST_SHOWN],
        gold=question.gold[:MOST_SHOWN],
        score=score(question, answer.text),
        chance=question.chance,
        complete=answer.complete,
        failures=dict(Counter(one.kind for one in answer.failures)),
        usd=answer.used.usd,
        tokens=answer.used.tokens,
        calls=answer.used.calls,
        call_s=answer.used.time_s,
        wall_s=answer.wall_s,
        efficiency=efficiency(tree.steps, tree.limits.fan_out),
    )
