"""The score of an answer, as OOLONG scores: numbers by how near they are, pairs by F1, all else by being the same."""

from __future__ import annotations

import re

from commissure.scenarios.deep_context.questions.draft import COMPARISONS
from commissure.scenarios.deep_context.questions.record import Question, Window

NEAR = 0.75  # to the power of the distance (arXiv 2511.02817)
SENTENCE = 20  # characters from which on an answer is one
_BOXED = re.compile(r"\\boxed\s{0,9}\{(?:\\text\s{0,9}\{)?([^{}]*)\}")
_PAIR = re.compile(r"(?<!\w)([0-9]{1,20})\s{0,9}(?:[,;/&-]|and)\s{0,9}(?:[Uu]ser\s{1,9})?([0-9]{1,20})(?!\w)")
_NUMBER = re.compile(r"(?<![\d.,])[-+]?[0-9][0-9,]{0,30}(?:\.0{1,9})?(?![0-9]|\.[0-9])")


def score(question: Question, said: str) -> float:
    """From 0 to 1, for any text."""
    if question.answer_kind == "PAIRS":
        return _f1(pairs_in(question.gold), pairs_in(said))
    if question.answer_kind == "NUMERIC":
        return near(int(question.gold), _after_colon(final(said)))
    gold = plain(question.gold)
    if question.answer_kind == "COMPARISON":
        found = [phrase for phrase in COMPARISONS if phrase in plain(_after_colon(final(said)))]
        return float(found == [gold])
    # A label with colons of its own is still told from what stands before it.
    answer = _after_colon(final(said), gold.count(":"))
    return float(plain(answer) == gold or (":" not in answer and plain(_last_word(answer)) == gold))


def near(gold: int, answer: str) -> float:
    """Of the one number that an answer holds; 0 where it holds none, or several."""
    numbers = _NUMBER.findall(answer)
    if len(numbers) != 1:
        return 0.0
    away = abs(int(numbers[0].replace(",", "").split(".")[0]) - gold)
    return float(NEAR**away) if away < 1000 else 0.0


def even_share(window: Window) -> str:
    """OOLONG's guess at a number: rows by labels (arXiv 2511.02817)."""
    return str(round(len(window.rows) / len(window.labels)))


def final(said: str) -> str:
    """What an answer comes down to: what is boxed, else the last line with something in it."""
    boxed = _BOXED.findall(said)
    if boxed:
        return str(boxed[-1]).strip()
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def plain(text: str) -> str:
    """A text without the signs, the case and the period that answers are wrapped in."""
    return re.sub(r"\s+", " ", re.sub(r"[*\[\]\"'`$]", "", text)).strip().rstrip(".").strip().casefold()


def pairs_in(text: str) -> set[tuple[str, str]]:
    """Unordered pairs of two numbers, each pair on a line of its own or within brackets."""
    found = (match.groups() for line in re.split(r"[\n()\[\]]", text) for match in _PAIR.finditer(line))
    return {(min(one, other), max(one, other)) for one, other in found if one != other}


def _after_colon(line: str, within: int = 0) -> str:
    """What follows the last colon but so many; the whole line where it has no more."""
    return ":".join(line.rsplit(":", within + 1)[-within - 1 :])


def _last_word(line: str) -> str:
    """Of a sentence, as OOLONG reads one without a colon; nothing of a short answer."""
    words = line.split()
    return words[-1] if len(line) >= SENTENCE and words else ""


def _f1(gold: set[tuple[str, str]], said: set[tuple[str, str]]) -> float:
    """1 where both are empty."""
    if not gold and not said:
        return 1.0
    return 2 * len(gold & said) / (len(gold) + len(said))
