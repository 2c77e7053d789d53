"""The exchanges of one recorded run, as read from its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commissure.hal.errors import UsageError
from commissure.hal.journal import read_records
from commissure.hal.record.exchange import Exchange

FILE_NAME = "exchanges.jsonl"
MISSING = "no recording; one is made by: commissure run ... --world live --record"


@dataclass(frozen=True, slots=True)
class Recording:
    """Exchanges by endpoint, each list in the order in which they were sent."""

    path: Path
    exchanges: Mapping[str, tuple[Exchange, ...]]

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read a file of exchanges, or that of a run folder. Raises UsageError if there is none or it is damaged."""
        place = recording_file(path)
        found: dict[str, list[Exchange]] = {}
        for one in sorted(read_records(place, Exchange, MISSING), key=lambda one: one.start_s):
            found.setdefault(one.endpoint, []).append(one)
        return cls(place, {name: tuple(exchanges) for name, exchanges in found.items()})

    def version(self, endpoint: str) -> str:
        """The version of its API that an endpoint was asked at, such as /v1."""
        paths = (re.match(r"/v\d+\w*(?=/)", one.path) for one in self.exchanges.get(endpoint, ()))
        return next((found[0] for found in paths if found), "/v1")


def recording_file(path: str | Path) -> Path:
    """The file of exchanges itself, where a run folder is given."""
    place = Path(path)
    return place / FILE_NAME if place.is_dir() else place


def new_recording(path: str | Path) -> Path:
    """Where a run is to be recorded. Raises UsageError if it cannot be, or if there is a recording already."""
    place = Path(path)
    if place.suffix != ".jsonl" and not place.exists() and place.parent.is_dir():
        place.mkdir()
    place = recording_file(place)
    if place.exists():
        raise UsageError(f"{place}: exists already; a recording is of one run: give another place")
    if not place.parent.is_dir():
        raise UsageError(f"{place}: there is no folder {place.parent} to record into")
    return place
