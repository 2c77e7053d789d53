"""TOML files checked by pydantic models; an error names file, line, field and what is allowed."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from commissure.hal.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)
FieldPath = tuple[str | int, ...]
# What comes with the package: chips, models, endpoints.
PROFILES = Path(str(files("commissure.hal"))) / "profiles"

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")

# What people put a key or a password into by mistake: it is not shown.
_SECRET = re.compile(r"key|url|token$|secret|password|auth|header", re.IGNORECASE)
# And what looks like a key wherever it stands: long, without spaces, with a digit in it.
_LIKE_A_KEY = re.compile(r"(?=[\w-]*\d)[\w-]{24,}")


def load_toml(path: Path, model: type[Model]) -> Model:
    """Read and check a file. Raises UsageError with one line for each problem found."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return model.model_validate(tomllib.loads(text))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    except ValidationError as error:
        lines, items = field_lines(text), error.errors()
        # A list whose every member is wrong also counts as too short: that says nothing new.
        told = [item for item in items if item["type"] != "too_short"] or items
        raise UsageError("\n".join(_problem(path, lines, item) for item in told)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {type(error).__name__}: {error}") from None


def field_lines(text: str) -> dict[FieldPath, int]:
    """The line of each table and key of a TOML text, by its path."""
    lines: dict[FieldPath, int] = {}
    tables: dict[FieldPath, int] = {}
    table: FieldPath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = tuple(_parts(header[2]))
            if header[1] == "[[":
                tables[table] = tables.get(table, -1) + 1
                table = (*table, tables[table])
            elif table[:1] in tables:
                table = (table[0], tables[table[:1]], *table[1:])
            lines[table] = number
        elif key := _KEY.match(line):
            lines[(*table, *_parts(key[1]))] = number
    return lines


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _problem(path: Path, lines: dict[FieldPath, int], item: Any) -> str:
    where: FieldPath = tuple(item["loc"])
    known = where
    while known and known not in lines:
        known = known[:-1]
    line = lines.get(known, 1)
    field = ".".join(str(part) for part in where) or "the file"
    # Cut last: of a key that is cut in two, neither part looks like one.
    given = "" if item["type"] == "missing" or _SECRET.search(field) else f" (given: {_shown(repr(item['input'])):.60})"
    return f"{path}:{line}: {_shown(field)}: {_shown(item['msg'])}{given}"


def _shown(text: str) -> str:
    return _LIKE_A_KEY.sub(lambda found: f"{found[0][:4]}...", text)
