"""What a run keeps of what it has done, so that another can go on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from commissure.hal.errors import UsageError
from commissure.hal.journal import Journal, read_records

Piece = TypeVar("Piece", bound=BaseModel)


class KeptRecord(BaseModel):
    """One line of a file of kept work: whose leg it is of, what it is, and what became of it."""

    # A log probability may be -Infinity; as null it would come back as another value.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    leg: str
    key: str
    value: dict[str, Any]


class Kept:
    """Pieces of finished work of one leg, by their keys. With a journal each is in its file when `keep` returns.

    What a piece throws dice for comes from `rt.rng` of a name with its key, so that it does not hang on the pieces
    before it. Calls whose `Call.workflow` is the key of their piece are told apart when a leg goes on: those of pieces
    that are not kept were made in vain.
    """

    def __init__(self, leg: str = "", found: Mapping[str, dict[str, Any]] | None = None) -> None:
        self._leg = leg
        self._found = dict(found or {})
        self._journal: Journal | None = None

    @classmethod
    def of(cls, path: Path, leg: str, journal: Journal) -> Self:
        """What a file has of a leg; what is kept from now on is appended to it. Raises UsageError."""
        records = read_records(path, KeptRecord) if path.exists() else []
        kept = cls(leg, {one.key: one.value for one in records if one.leg == leg})
        kept._journal = journal
        return kept

    def get(self, key: str) -> dict[str, Any] | None:
        """What is kept under the key, if anything."""
        return self._found.get(key)

    def read(self, key: str, kind: type[Piece]) -> Piece | None:
        """What is kept under the key, as it was, if anything. Raises UsageError for a line that is none of its kind."""
        value = self.get(key)
        if value is None:
            return None
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"kept.jsonl, {key!r}: {where}: {first['msg']}; the line was edited: without it, it is asked again"
            ) from None

    def keep(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object. Raises CommissureError if the file cannot take it."""
        if self._journal is not None:
            self._journal.append(KeptRecord(leg=self._leg, key=key, value=value))
        self._found[key] = value

    def __len__(self) -> int:
        return len(self._found)
