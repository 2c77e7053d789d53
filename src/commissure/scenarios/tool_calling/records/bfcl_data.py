"""The questions of the Berkeley function calling leaderboard, as its package keeps them; its code is not imported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from commissure.hal.errors import MissingExtra, UsageError

INSTALL = "pip install --no-deps bfcl-eval"
FILES: Mapping[str, str] = {"bfcl-simple": "BFCL_v4_simple_python.json", "bfcl-live-simple": "BFCL_v4_live_simple.json"}
"""The file of each family; its possible answers are in one of the same name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with its one function, and for each parameter the values that are right ("": it may be left out)."""

    id: str
    question: str
    function: Mapping[str, Any] = field(hash=False)
    possible: Mapping[str, list[Any]] = field(hash=False)


def entries(family: str) -> list[Entry]:
    """All of a family that offer one function. Raises MissingExtra if the data is absent, UsageError if it differs."""
    place = _data()
    name = FILES[family]
    try:
        answers = {one["id"]: one["ground_truth"] for one in _lines(place / "possible_answer" / name)}
        asked = [one for one in _lines(place / name) if len(one["function"]) == 1]
        return [_entry(one, answers[one["id"]]) for one in asked]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(
            f"{place / name}: not as version 4 of the leaderboard has it: {error!r}. Install it anew:\n"
            f"    {INSTALL} --force-reinstall"
        ) from error


def _entry(asked: Mapping[str, Any], answers: list[Mapping[str, Any]]) -> Entry:
    (function,) = asked["function"]
    (turn,) = asked["question"]
    question = "\n".join(message["content"].strip() for message in turn)
    return Entry(asked["id"], question, function, answers[0][function["name"]])


def _data() -> Path:
    found = find_spec("bfcl_eval")
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        raise MissingExtra("the data of the Berkeley function calling leaderboard", INSTALL)
    return Path(places[0]) / "data"


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
