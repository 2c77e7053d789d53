"""What modelled models answer: they read the commits that really stand in the prompt, and err as skill.toml says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import CHARACTERS_A_TOKEN, tokens_of
from commissure.scenarios.deep_context.activity.areas import SOURCES
from commissure.scenarios.deep_context.activity.record import Commit, Totals
from commissure.scenarios.deep_context.activity.render import parse
from commissure.scenarios.deep_context.reporting.join import joined, period_of
from commissure.scenarios.deep_context.reporting.mistakes import corrections, extracted, lines_of, miscounted
from commissure.scenarios.deep_context.reporting.prompts import CHECK, LOG, ROWS, RULE, WHOLE, WRITE
from commissure.scenarios.deep_context.reporting.rows import Row, read_rows
from commissure.scenarios.deep_context.reporting.skill import Errors, errors_of, found_share
from commissure.theory.context.published import Source

_NUMBERED = re.compile(r"^\d+\. (.*)$", re.MULTILINE)
MALFORMED = "I have read the log; here is my answer:"


class Speaking:
    """Every model in its own way."""

    def __init__(self, stand_in: str, seed: int, curve: Source) -> None:
        self._curve = curve
        self._stand_in = stand_in
        self._seed = seed
        errors_of(stand_in, stand_in)

    def at(self, profile: Profile) -> Speaker:
        """That of one endpoint; models without errors of their own err as the stand-in."""
        return Speaker(profile.model, errors_of(profile.model, self._stand_in), self._seed, self._curve)


class Speaker:
    """One model."""

    def __init__(self, model: str, errors: Errors, seed: int, curve: Source) -> None:
        self._curve = curve
        self._model = model
        self._errors = errors
        self._seed = seed

    def answer(self, call: Call) -> tuple[Choice, int]:
        """To one of this scenario's prompts; an answer longer than it may be is cut off."""
        told, _, body = call.prompt.partition(LOG)
        package = package_in(told)
        key = f"{self._seed} {self._model} {call.kind} {call.node} {body[:200]}"
        if dice(f"{key} malformed").random() < self._errors.malformed.value:
            text = MALFORMED
        elif call.prompt.startswith(WRITE):
            text = _json(lines=lines_of(_NUMBERED.findall(body), self._errors, key))
        elif call.prompt.startswith(CHECK):
            log, _, said = body.partition(ROWS)
            text = _rows(corrections(parse(log), package, _given(said), self._errors, key))
        else:
            share = found_share(self._model, tokens_of(call.prompt), self._curve)
            rows = extracted(parse(body), package, self._errors, share, key)
            text = self._report(parse(body), rows, key) if call.prompt.startswith(WHOLE) else _rows(rows)
        return _cut(text, call.max_tokens)

    def _report(self, commits: Sequence[Commit], rows: Sequence[Row], key: str) -> str:
        """A whole report of what was found, with totals that the model has counted itself."""
        if not commits:
            return MALFORMED
        subjects = lines_of([row.subject for row in rows], self._errors, key)
        lines = {row.key: line for row, line in zip(rows, subjects, strict=True)}
        report = joined(rows, lines, period_of(commits))
        roll = dice(f"{key} totals")
        totals = Totals(
            **{name: miscounted(value, self._errors, roll) for name, value in report.totals.model_dump().items()}
        )
        return report.model_copy(update={"totals": totals}).model_dump_json()


def package_in(told: str) -> str:
    """The package that a prompt's rule of areas names, empty where it names none."""
    first, _, _ = told.rpartition(RULE)[2].partition("/")
    return "" if first in SOURCES else first


def _given(said: str) -> list[Row]:
    """The rows of a check, a line each."""
    return read_rows('{"rows": [' + ",".join(said.split("\n")) + "]}") if said.strip() else []


def _rows(rows: Sequence[Row]) -> str:
    return _json(rows=[row.model_dump() for row in rows])


def _json(**members: object) -> str:
    return json.dumps(members, ensure_ascii=False)


def _cut(text: str, most: int) -> tuple[Choice, int]:
    tokens = tokens_of(text)
    if tokens <= most:
        return Choice(text, "stop"), max(1, tokens)
    return Choice(text[: most * CHARACTERS_A_TOKEN], "length"), most
