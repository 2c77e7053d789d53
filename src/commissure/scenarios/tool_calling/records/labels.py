"""Questions to be labelled by what they ask for, where small models prefer a label: votes do not mend that."""

from __future__ import annotations

from typing import Any

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.family import Family
from commissure.scenarios.tool_calling.records.names import BRANDS, COMPANIES, COMPANY_KINDS, PLACES, THINGS

QUESTIONS = {
    "person": (
        "Who runs {company}?", "Name the founder of {company}.", "Which painter lived in {place}?",
        "Who invented the {thing}?", "Tell me the mayor of {place}.", "Whose idea was the {thing}?",
    ),
    "place": (
        "Where is the head office of {company}?", "In which town is the {thing} made?", "Which country is {place} in?",
        "Name the city nearest to {place}.", "Where can one buy the {thing}?", "To which street did {company} move?",
    ),
    "number": (
        "How many people live in {place}?", "How much does the {thing} weigh?", "How tall is the tower of {place}?",
        "What share of {company} is for sale?", "How far is it from here to {place}?", "Name the price of the {thing}.",
    ),
    "date": (
        "When was {company} founded?", "In which year did the {thing} come out?", "On what day does {place} celebrate?",
        "When did the bridge of {place} fall?", "Since when does {company} sell the {thing}?",
        "Until when is the fair of {place}?",
    ),
    "reason": (
        "Why did {company} close?", "What made people leave {place}?", "Why is the {thing} so loud?",
        "For what cause did {place} flood?", "What is the reason that {company} sold the {thing}?",
        "How come {place} has no school?",
    ),
    "definition": (
        "What is a {thing_alone}?", "Explain what {company} means by green power.", "What does the word {place} mean?",
        "Describe what a {thing_alone} is.", "What is meant by the {place} effect?", "Define the term {thing_alone}.",
    ),
}  # fmt: skip


def write(dice: Dice) -> tuple[str, dict[str, Any]]:
    """One question of one kind."""
    kind = dice.choice(tuple(QUESTIONS))
    text = dice.choice(QUESTIONS[kind]).format(
        company=f"{dice.choice(COMPANIES)} {dice.choice(COMPANY_KINDS)}",
        place=dice.choice(PLACES),
        thing=f"{dice.choice(BRANDS)} {dice.choice(THINGS)}",
        thing_alone=dice.choice(THINGS),
    )
    return text, {"kind": kind}


# One example of each kind, for a model cannot guess what a kind is from its name alone.
FAMILY = Family(
    name="labels",
    instruction="Say of which kind the answer to the question is: person, place, number, date, reason or definition.",
    properties={"kind": {"enum": list(QUESTIONS)}},
    examples=(
        ("Who wrote the hymn of Acme?", {"kind": "person"}),
        ("How many doors does the Borea hall have?", {"kind": "number"}),
        ("What is a tripod?", {"kind": "definition"}),
        ("Where does the river Tamis end?", {"kind": "place"}),
        ("Why was the Viola theatre built?", {"kind": "reason"}),
        ("When did the Borea line open?", {"kind": "date"}),
    ),
    write=write,
    source_label="Question",
)
