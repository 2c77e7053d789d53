"""A user's own selector as a run asks it: what it does wrong ends in one message that names it."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import iscoroutine
from typing import SupportsFloat

from commissure.hal.errors import UsageError
from commissure.policies.custom.module import failed
from commissure.policies.ensemble.leaves import canonical, is_json
from commissure.policies.ensemble.sample import Decision, Question, Sample
from commissure.policies.ensemble.selector import Selector


class Guarded(Selector):
    """Asks `own`, and raises UsageError where it raises, gives no sound Decision, or changes what it was given.

    What is given belongs to every other policy too: a change would falsify theirs.
    """

    def __init__(self, name: str, own: Selector) -> None:
        self._name = name
        self._own = own

    def select(self, candidates: Sequence[Sample], question: Question) -> Decision:
        """Its decision, if that is sound."""
        given = list(candidates)
        before = _texts(given, question)
        try:
            decision = self._own.select(given, question)
        except (Exception, SystemExit) as error:
            raise self._refused(str(failed(self._name, _beneath(error), "asked"))) from error
        if wrong := _wrong(decision):
            raise self._refused(f"{self._name}: select gave {wrong}")
        if _texts(given, question) != before:
            raise self._refused(f"{self._name}: select has changed what it was given: work on a copy (copy.deepcopy)")
        return decision

    def tried(self) -> Guarded:
        """Itself, after it was asked of nothing, of what is no JSON, and of an answer. Raises UsageError as select."""
        for candidates in ((), (Sample("{"),), (Sample('{"tons": 2}', {"tons": 2}, parsed=True),)):
            self.select(candidates, Question("2 tons", {"type": "object"}))
        return self

    def _refused(self, problem: str) -> UsageError:
        return UsageError(f"{problem}. Try it on many cases with: commissure check {self._name}")


def _beneath(error: BaseException) -> BaseException:
    """The error without its first frame, which is ours and no place of the user's."""
    frame = error.__traceback__
    return error.with_traceback(None if frame is None else frame.tb_next)


def _wrong(decision: object) -> str:
    """What is wrong with what a selector gave; empty if nothing."""
    if iscoroutine(decision):
        decision.close()
        return "a coroutine: write `def select`, without async"
    if not isinstance(decision, Decision):
        return f"{_shown(decision)}: it must return a commissure.Decision, or NO_DECISION"
    if not is_json(decision.value):
        return f"a value that is no JSON: {_shown(decision.value)}"
    if not _is_share(decision.confidence):
        return f"a confidence of {_shown(decision.confidence)}: it must be from 0 to 1"
    return ""


def _is_share(confidence: object) -> bool:
    return isinstance(confidence, SupportsFloat) and 0 <= float(confidence) <= 1


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except Exception:  # of its own making, or nested too deep
        return f"a {type(value).__name__}"


def _texts(candidates: Sequence[Sample], question: Question) -> list[str]:
    return [canonical(dict(question.schema)), *(canonical(one.value) for one in candidates)]
