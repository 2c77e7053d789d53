"""The window and the questions of a run, the same for the same settings and seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from commissure.policies.recursion.strategies.strategy import Task
from commissure.scenarios.deep_context.questions.families import questions_of
from commissure.scenarios.deep_context.questions.plan import plan_of
from commissure.scenarios.deep_context.questions.readers import read_labelled
from commissure.scenarios.deep_context.questions.record import Question, Window
from commissure.scenarios.deep_context.questions.texts import templated
from commissure.scenarios.deep_context.questions.window import make_window
from commissure.scenarios.deep_context.recursing.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of a run over their window."""

    window: Window
    questions: tuple[Question, ...]
    text: str

    def task(self, question: Question) -> Task:
        """The question as a strategy takes it."""
        return Task(question.text, self.text, question.demand, plan_of(question, self.window), self.window.instructions)


def asked(settings: Settings, seed: int) -> Asked:
    """The window and its questions. Raises UsageError if the file or the size gives none."""
    return _asked(settings.data, settings.tokens, settings.family_list, settings.questions, seed)


@lru_cache(maxsize=4)
def _asked(data: str, tokens: int, families: tuple[str, ...], count: int, seed: int) -> Asked:
    source = read_labelled(data) if data else templated(seed)
    window = make_window(source, tokens, seed, count if "needle" in families else 0)
    questions = questions_of(window, families, count, seed)
    return Asked(window, tuple(questions), window.text)
