"""Labelled texts from a user's file: `LABEL:sub text` lines, tab- or comma-separated columns, or JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.questions.texts import LabelledText

# The coarse classes of TREC (Li and Roth 2002) by readable names.
TREC = {
    "ABBR": "abbreviation", "ENTY": "entity", "DESC": "description", "HUM": "human", "LOC": "location", "NUM": "number",
}  # fmt: skip
FORMS = (
    "`LABEL:sub text` (as TREC), `label<tab>text` (.tsv), `label,text` or `label,title,text` (.csv), or JSON lines "
    "with label and text (.jsonl)"
)
MOST_LABELS = 200


def read_labelled(path: str | Path) -> tuple[LabelledText, ...]:
    """The texts of a file, each once. Raises UsageError that names the line and the forms that can be read."""
    place = Path(path)
    try:
        raw = place.read_bytes()
    except OSError as error:
        raise UsageError(f"{place}: cannot be read: {error.strerror}") from None
    if b"\0" in raw:
        raise UsageError(f"{place}: is binary, not text; it is to be {FORMS}")
    found = list(dict.fromkeys(_texts(place, _decoded(raw))))
    labels = {one.label for one in found}
    if len(labels) < 2 or len(labels) > MOST_LABELS:
        raise UsageError(
            f"{place}: {len(found)} texts with {len(labels)} labels; it needs 2 to {MOST_LABELS} labels, as {FORMS}"
        )
    return tuple(found)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _texts(place: Path, text: str) -> Iterator[LabelledText]:
    match place.suffix.lower():
        case ".csv" | ".tsv":
            rows = csv.reader(text.splitlines(), delimiter="\t" if place.suffix.lower() == ".tsv" else ",")
            yield from (_columns(place, number, row) for number, row in enumerate(rows, 1) if row)
        case ".jsonl":
            lines = text.split("\n")
            yield from (_json(place, number, line) for number, line in enumerate(lines, 1) if line.strip())
        case _:
            lines = text.split("\n")
            yield from (_trec(place, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _columns(place: Path, number: int, row: list[str]) -> LabelledText:
    if len(row) < 2:
        raise UsageError(f"{place}:{number}: one column, not a label and a text: {row[0]!r:.60}")
    return _labelled(place, number, row[0], " ".join(row[1:]))


def _json(place: Path, number: int, line: str) -> LabelledText:
    try:
        value: Any = json.loads(line)
        return _labelled(place, number, str(value["label"]), str(value["text"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"{place}:{number}: no JSON object with label and text: {line!r:.60}") from None


def _trec(place: Path, number: int, line: str) -> LabelledText:
    label, tab, text = line.partition("\t")
    if tab:
        return _labelled(place, number, label, text)
    head, _, text = line.partition(" ")
    label, colon, _ = head.partition(":")
    if not colon or not text:
        raise UsageError(f"{place}:{number}: {line!r:.60} has no label; it is to be {FORMS}")
    return _labelled(place, number, TREC.get(label, label), text)


def _labelled(place: Path, number: int, label: str, text: str) -> LabelledText:
    label, text = " ".join(label.split()), " ".join(text.split())
    if not label or not text:
        raise UsageError(f"{place}:{number}: the {'text' if label else 'label'} is empty")
    return LabelledText(text, label)
