"""One line of the window holds the answer."""

from __future__ import annotations

from commissure.hal.clock.dice import Dice
from commissure.scenarios.deep_context.questions.draft import Draft, Kind
from commissure.scenarios.deep_context.questions.needles import facts_in
from commissure.scenarios.deep_context.questions.record import Window


def _fact(window: Window, roll: Dice) -> Draft | None:
    facts = facts_in(line for _, line in window.needles)
    if not facts:
        return None
    key = roll.choice(sorted(facts))
    text = f"What is the storage number of {key}? Answer in the form 'Answer: number'."
    return Draft(text, "FACT", lambda rows: facts[key], key=key, chance=0.0)


KINDS = (Kind("NEEDLE", _fact, "constant"),)
