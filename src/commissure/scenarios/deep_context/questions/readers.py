"""Labelled texts from a user's file: `LABEL:sub text` lines, columns, or JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.questions.scoring import plain
from commissure.scenarios.deep_context.questions.texts import LabelledText

# The coarse classes of TREC (Li and Roth 2002) by readable names.
TREC = {
    "ABBR": "abbreviation", "ENTY": "entity", "DESC": "description", "HUM": "human", "LOC": "location", "NUM": "number",
}  # fmt: skip
# How columns and fields are called in public data sets: the first that is there counts.
LABEL_NAMES = ("label", "class", "category", "intent", "target")
TEXT_NAMES = ("text", "input", "sentence", "question", "message", "title")
FORMS = (
    "`LABEL:sub text` (as TREC), `label<tab>text` (.tsv), `label,text` or `label,title,text` (.csv; a first line may "
    "name the columns), JSON lines with label and text (.jsonl), or JSON of [text, label] pairs by split (.json)"
)
MOST_LABELS = 200
_TREC_LINE = re.compile(r"\s*(\w+):\S*\s+(\S.*)")
_NUMBERED_LINE = re.compile(r"\s*([0-9]{1,3})\s+(\S.*)")


def read_labelled(path: str | Path) -> tuple[LabelledText, ...]:
    """The texts of a file, each once; one that comes with several labels is left out.

    Raises UsageError that names the line and the forms that can be read.
    """
    place = Path(path)
    try:
        raw = place.read_bytes()
    except OSError as error:
        raise UsageError(f"{place}: cannot be read: {error.strerror}") from None
    if b"\0" in raw:
        raise UsageError(f"{place}: is binary, not text; it is to be {FORMS}")
    found = _of_one_label(dict.fromkeys(_texts(place, _decoded(raw))))
    labels = {one.label for one in found}
    if len(labels) < 2 or len(labels) > MOST_LABELS:
        raise UsageError(
            f"{place}: {len(found)} texts with {len(labels)} labels; it needs 2 to {MOST_LABELS} labels, as {FORMS}"
        )
    _told_apart(place, labels)
    return tuple(found)


def _of_one_label(texts: Collection[LabelledText]) -> list[LabelledText]:
    labels: dict[str, set[str]] = {}
    for one in texts:
        labels.setdefault(one.text, set()).add(one.label)
    return [one for one in texts if len(labels[one.text]) == 1]


def _told_apart(place: Path, labels: set[str]) -> None:
    """Answers are scored whatever their case and signs, so labels differ by more."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        same = seen.setdefault(plain(label), label)
        if same != label or not plain(label):
            other = f"differs from {same!r} by case or signs only" if same != label else "has signs only"
            raise UsageError(f"{place}: the label {label!r} {other}; name labels by words that differ")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _texts(place: Path, text: str) -> Iterator[LabelledText]:
    match place.suffix.lower():
        case ".csv":
            yield from _columns(place, csv.reader(io.StringIO(text, newline=""), strict=True))
        case ".tsv":
            # Quotes are text there: messages open some that they never close.
            lines = io.StringIO(text, newline="")
            yield from _columns(place, csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        case ".jsonl":
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    yield _entry(place, number, _json(place, number, line))
        case ".json":
            yield from (_entry(place, number, one) for number, one in enumerate(_entries(_json(place, 1, text)), 1))
        case _:
            lines_of = enumerate(text.split("\n"), 1)
            yield from (_line(place, number, line) for number, line in lines_of if line.strip())


def _columns(place: Path, reader: Any) -> Iterator[LabelledText]:
    label, texts = 0, slice(1, None)
    number = 0
    try:
        for count, row in enumerate(reader):
            number = reader.line_num
            names = [one.strip().lower() for one in row]
            if count == 0 and _named(LABEL_NAMES, names) and _named(TEXT_NAMES, names):
                label, first = names.index(_named(LABEL_NAMES, names)), names.index(_named(TEXT_NAMES, names))
                texts = slice(first, first + 1)
            elif row:
                if len(row) < 2:
                    raise UsageError(f"{place}:{number}: one column, not a label and a text: {row[0]!r:.60}")
                yield _labelled(place, number, row[label] if label < len(row) else "", " ".join(row[texts]))
    except csv.Error as error:
        raise UsageError(f"{place}:{number + 1}: {error}; it is to be {FORMS}") from None


def _named(names: Sequence[str], given: Sequence[str]) -> str:
    return next((name for name in names if name in given), "")


def _json(place: Path, number: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{place}:{number}: no JSON: {text!r:.60}; it is to be {FORMS}") from None


def _entries(value: Any) -> Iterator[Any]:
    """Of a list, or of the lists of a table by split."""
    for part in value.values() if isinstance(value, dict) else [value]:
        yield from part if isinstance(part, list) else [part]


def _entry(place: Path, number: int, value: Any) -> LabelledText:
    """An object with label and text, or a pair of a text and its label."""
    if isinstance(value, dict):
        label, text = (value.get(_named(names, list(value))) for names in (LABEL_NAMES, TEXT_NAMES))
        if isinstance(label, str | int) and isinstance(text, str):
            return _labelled(place, number, str(label), text)
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value):
        return _labelled(place, number, value[1], value[0])
    raise UsageError(f"{place}:{number}: no JSON object with label and text: {value!r:.60}; it is to be {FORMS}")


def _line(place: Path, number: int, line: str) -> LabelledText:
    found = _TREC_LINE.fullmatch(line.rstrip()) or _NUMBERED_LINE.fullmatch(line.rstrip())
    if found is not None and "\t" not in line[: found.end(1) + 1]:
        return _labelled(place, number, TREC.get(found[1], found[1]), found[2])
    label, tab, text = line.partition("\t")
    if not tab:
        raise UsageError(f"{place}:{number}: {line!r:.60} has no label; it is to be {FORMS}")
    return _labelled(place, number, label, text)


def _labelled(place: Path, number: int, label: str, text: str) -> LabelledText:
    label, text = " ".join(label.split()), " ".join(text.split())
    if not label or not text:
        raise UsageError(f"{place}:{number}: the {'text' if label else 'label'} is empty")
    if any("\ud800" <= letter <= "\udfff" for letter in label + text):
        raise UsageError(f"{place}:{number}: half of a surrogate pair is no character: {text!r:.60}")
    return LabelledText(text, label)
