"""The score of an answer, as OOLONG scores: numbers by how near they are, pairs by F1, all else by being the same."""

from __future__ import annotations

import re

from commissure.scenarios.deep_context.questions.record import Question

NEAR = 0.75  # to the power of the distance (arXiv 2511.02817)
_BOXED = re.compile(r"\\boxed\s*\{([^{}]*)\}")
_PAIR = re.compile(r"(\w+)\s*[,;/&-]\s*(\w+)")
_NUMBER = re.compile(r"[-+]?\d[\d,]{0,30}(?:\.0{1,9})?(?![\d.])")


def score(question: Question, said: str) -> float:
    """From 0 to 1, for any text."""
    if question.answer_kind == "PAIRS":
        return _f1(pairs_in(question.gold), pairs_in(said))
    answer = final(said)
    if question.answer_kind == "NUMERIC":
        numbers = _NUMBER.findall(answer)
        if len(numbers) != 1:
            return 0.0
        away = abs(int(numbers[0].replace(",", "").split(".")[0]) - int(question.gold))
        return float(NEAR**away) if away < 1000 else 0.0
    return float(_plain(answer) == _plain(question.gold))


def final(said: str) -> str:
    """What an answer comes down to: what is boxed, else the last line with something in it, after its last colon."""
    boxed = _BOXED.findall(said)
    if boxed:
        return str(boxed[-1]).strip()
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1].rsplit(":", 1)[-1].strip() if lines else ""


def pairs_in(text: str) -> set[tuple[str, str]]:
    """Unordered pairs of two words, one a line or within brackets."""
    found = (match.groups() for line in re.split(r"[\n()\[\]]", text) for match in _PAIR.finditer(line))
    return {(min(one, other), max(one, other)) for one, other in found if one != other}


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[*\[\]\"'`]", "", text)).strip().rstrip(".").strip().casefold()


def _f1(gold: set[tuple[str, str]], said: set[tuple[str, str]]) -> float:
    """1 where both are empty."""
    if not gold and not said:
        return 1.0
    return 2 * len(gold & said) / (len(gold) + len(said))
