"""Keep what a live run of tool-calls was told with the package: python docs/record_answers.py RUN_DIR [FILE].

RUN_DIR is the folder of a run on the two local models. What it was told is what modelled models say in sim.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

from commissure.hal.journal import read_records
from commissure.hal.kept import KeptRecord
from commissure.scenarios.tool_calling.ensembles import recorded
from commissure.scenarios.tool_calling.ensembles.answers import Asked
from commissure.scenarios.tool_calling.ensembles.behaviour import errors_of
from commissure.scenarios.tool_calling.ensembles.recorded import Line, RunNote
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.records.families import records_of
from commissure.scenarios.tool_calling.records.record import Record


def main(run: Path, file: Path) -> None:
    """Write all whole lines: of records of which everything was asked."""
    manifest = json.loads((run / "manifest.json").read_text())
    settings = Settings.model_validate(manifest["settings"][0])
    kept = {one.key: one.value for one in read_records(run / "kept.jsonl", KeptRecord)}
    models = {spec["name"]: spec["model"] for spec in manifest["fleet"]}
    note = RunNote(
        date=manifest["started"][:8],
        seed=manifest["seed"],
        settings=settings.model_dump(),
        versions=manifest["versions"],
    )
    records = records_of(settings.family_list, settings.records, manifest["seed"])
    lines = [line for name, model in models.items() for record in records if (line := _line(kept, name, model, record))]
    text = "\n".join([note.model_dump_json(), *(line.model_dump_json() for line in lines)])
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    sys.stdout.write(f"{len(lines)} lines, {file.stat().st_size:,} bytes: {file}\n")


def _line(kept: dict[str, dict[str, object]], name: str, model: str, record: Record) -> Line | None:
    asked = {phase: kept.get(f"{name} {record.id} {phase}") for phase in ("greedy", "candidates", "pilots")}
    if asked["greedy"] is None or asked["candidates"] is None:
        return None
    greedy, candidates = Asked.model_validate(asked["greedy"]), Asked.model_validate(asked["candidates"])
    first, *errors = errors_of(record, [one.text for one in (*greedy.samples, *candidates.samples)])
    return Line(
        model=model, record=record.id, family=record.family, greedy=greedy, candidates=candidates,
        pilots=Asked.model_validate(asked["pilots"]) if asked["pilots"] else None,
        greedy_errors=first, errors=tuple(errors),
    )  # fmt: skip


if __name__ == "__main__":
    given = [Path(one) for one in sys.argv[1:]]
    main(given[0], given[1] if len(given) > 1 else Path(recorded.__file__).with_name(recorded.FILE))
