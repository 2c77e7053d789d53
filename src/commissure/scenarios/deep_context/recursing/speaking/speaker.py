"""One modelled model, asked at any depth: which of its ways of answering a call wants."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from commissure.hal.call import Call
from commissure.hal.profiles.model import Skill
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import tokens_of
from commissure.scenarios.deep_context.questions.needles import facts_in
from commissure.scenarios.deep_context.questions.record import Question
from commissure.scenarios.deep_context.recursing.mistakes import skill_of
from commissure.scenarios.deep_context.recursing.settings import Settings
from commissure.scenarios.deep_context.recursing.speaking.leaf import labelled, looked_up
from commissure.scenarios.deep_context.recursing.speaking.root import written
from commissure.scenarios.deep_context.recursing.speaking.whole import answered
from commissure.scenarios.deep_context.recursing.tasks import Asked
from commissure.theory.context.curve import curve_for


class Speaking:
    """As models of their skill would answer these questions; `ByModel`."""

    def __init__(self, asked: Asked, settings: Settings, seed: int) -> None:
        self.asked = asked
        self.settings = settings
        self.seed = seed
        self.questions: Mapping[str, Question] = {one.id: one for one in asked.questions}
        # The truth by text: a text has one label.
        self.truth = {row.text: row.label for row in asked.window.rows}
        self.facts = facts_in(line for _, line in asked.window.needles)
        skill_of("", settings.stand_in)

    def at(self, profile: Profile) -> Speaker:
        """What the endpoint's model says."""
        return Speaker(self, profile.model)


class Speaker:
    """One model."""

    def __init__(self, all_of: Speaking, model: str) -> None:
        self._all = all_of
        self._model = model
        self._name = f"{all_of.seed} {model}"

    @cached_property
    def _skill(self) -> Skill:
        return skill_of(self._model, self._all.settings.stand_in)

    def answer(self, call: Call) -> tuple[Choice, int]:
        """To a call of a question's tree; cut at `max_tokens`, as a model would be."""
        text = self._text(call, self._all.questions[call.workflow])
        tokens = max(1, tokens_of(text))
        if tokens <= call.max_tokens:
            return Choice(text, "stop"), tokens
        return Choice(text[: len(text) * call.max_tokens // tokens], "length"), call.max_tokens

    def _text(self, call: Call, question: Question) -> str:
        labels = self._all.asked.window.labels
        match call.kind:
            case "plan":
                return written(call, question, self._skill, labels, self._all.settings.chunk_tokens, self._name)
            case "expand" | "verify":
                return labelled(call, self._skill, labels, self._all.truth, self._name)
            case "retrieve":
                return looked_up(call, self._skill, self._all.facts, question.key, self._name)
            case _:
                length = tokens_of(call.prompt)
                curve = curve_for(self._model, question.demand, self._all.settings.curve)
                return answered(question, curve.at(length), self._name)
