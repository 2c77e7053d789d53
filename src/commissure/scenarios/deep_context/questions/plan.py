"""How a question is answered piece by piece: each row is labelled once, and code counts; a needle is looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from commissure.policies.recursion.ask import Ask, Outcome, tokens_of
from commissure.policies.recursion.plans.plan import MapPlan
from commissure.scenarios.deep_context.questions.reading import rows_in
from commissure.scenarios.deep_context.questions.record import Question, Row, Window

# An answer has a letter a row, and room for some words around them.
_SPARE_TOKENS = 24
TOKENS_A_ROW = 3
_FACT_TOKENS = 32


def plan_of(question: Question, window: Window) -> MapPlan | None:
    """The plan of a question. None where an answer has more labels than letters."""
    if question.family == "needle":
        return NeedlePlan(question)
    return LabelPlan(question, window.labels) if len(window.labels) <= len(ascii_uppercase) else None


def leaf_instructions(labels: Sequence[str]) -> str:
    """What a leaf is told before its rows."""
    legend = ", ".join(f"{letter} = {label}" for letter, label in zip(ascii_uppercase, labels, strict=False))
    return (
        f"Give each text below one label: {legend}. Judge what the text asks for or is about. Answer with one letter a "
        "text, in their order, with nothing between or after them, such as ABBA."
    )


def leaf_prompt(labels: Sequence[str], lines: Sequence[str]) -> str:
    """Instructions first, which all leaves share; then the rows, numbered."""
    rows = "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
    return f"{leaf_instructions(labels)}\n\n{rows}\n\n{len(lines)} letters:"


def leaf_schema(labels: Sequence[str], count: int) -> dict[str, Any]:
    """A string of so many of the labels' letters."""
    letters = ascii_uppercase[: len(labels)]
    return {"type": "string", "pattern": f"^[{letters}]{{{count}}}$"}


def read_letters(text: str, labels: Sequence[str], count: int) -> list[str]:
    """The labels that an answer gives. Raises ValueError where it has not one letter a row."""
    letters = ascii_uppercase[: len(labels)]
    found = [letter for letter in re.sub(r"[^A-Z]", "", text.strip().strip('"')) if letter in letters]
    if len(found) != count:
        raise ValueError(f"{len(found)} letters for {count} rows")
    return [labels[letters.index(letter)] for letter in found]


@dataclass(frozen=True)
class LabelPlan(MapPlan):
    """Every row that matters is labelled by a leaf; the answer is computed from the rows with these labels."""

    question: Question
    labels: tuple[str, ...]

    def split(self, context: str, chunk_tokens: int) -> Sequence[str]:
        """Whole rows, as many as fit; those outside the days that matter are left out."""
        span = self.question.span
        lines = [row.line for row in rows_in(context) if span is None or span[0] <= row.day <= span[1]]
        room = chunk_tokens - tokens_of(leaf_prompt(self.labels, []))
        pieces: list[list[str]] = []
        used = float("inf")
        for line in lines:
            # The number before a row, and its end.
            size = tokens_of(line) + 2
            if used + size > room:
                pieces.append([])
                used = 0
            pieces[-1].append(line)
            used += size
        return ["\n".join(piece) for piece in pieces]

    def ask(self, piece: str) -> Ask:
        """A letter a row."""
        lines = piece.split("\n")
        most = TOKENS_A_ROW * len(lines) + _SPARE_TOKENS
        schema = leaf_schema(self.labels, len(lines))
        return Ask(leaf_prompt(self.labels, lines), "expand", max_tokens=most, schema=schema)

    def read(self, piece: str, text: str) -> list[Row]:
        """The rows with their labels."""
        rows = list(rows_in(piece))
        labels = read_letters(text, self.labels, len(rows))
        return [replace(row, label=label) for row, label in zip(rows, labels, strict=True)]

    def join(self, parts: Sequence[Any]) -> list[Row]:
        """All rows that were labelled."""
        return [row for part in parts for row in part]

    def text(self, whole: Any, closing: Outcome | None) -> str:
        """The question's own answer on these rows."""
        return self.question.answer(whole)


@dataclass(frozen=True)
class NeedlePlan(MapPlan):
    """Only pieces that hold the key are asked, what is searched for costs no call."""

    question: Question

    def split(self, context: str, chunk_tokens: int) -> Sequence[str]:
        """Whole lines, as many as fit."""
        pieces: list[list[str]] = []
        used = float("inf")
        for line in context.split("\n"):
            if used + tokens_of(line) + 1 > chunk_tokens:
                pieces.append([])
                used = 0
            pieces[-1].append(line)
            used += tokens_of(line) + 1
        return ["\n".join(piece) for piece in pieces]

    def keep(self, piece: str) -> bool:
        """Whether the key stands in it."""
        return self.question.key in piece

    def ask(self, piece: str) -> Ask:
        """The question about the piece."""
        prompt = f"{piece}\n\n{self.question.text} Give the number alone, or 'none' if it is not there."
        return Ask(prompt, "retrieve", max_tokens=_FACT_TOKENS)

    def read(self, piece: str, text: str) -> str:
        """The number that was said."""
        found = re.findall(r"\d+", text)
        if len(found) != 1:
            raise ValueError(f"{len(found)} numbers in the answer")
        return str(found[0])

    def join(self, parts: Sequence[Any]) -> str:
        """The first that was found."""
        return str(parts[0]) if parts else ""

    def text(self, whole: Any, closing: Outcome | None) -> str:
        """As it was found."""
        return str(whole)
