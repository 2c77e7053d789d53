"""`replay --world live`: a trace sent to real endpoints into a run folder, and what was foretold of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from commissure.hal.connect import require
from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import CallRecord
from commissure.hal.ledger import UNLIMITED, Budget
from commissure.scenarios.runfolder import RunFolder, manifest_of
from commissure.scenarios.traffic import run_traffic
from commissure.scenarios.traffic_text import check_fits
from commissure.sim.connect import AT_ONCE
from commissure.sim.replay.columns import Columns
from commissure.sim.workload.trace import Trace

# A call is a task with its text, some kilobytes each; and real calls take real time, and may cost money.
MOST_CALLS = 100_000


def replay_live(
    trace: Trace,
    fleet: Fleet,
    out: Path,
    *,
    seed: int = 0,
    budget: Budget = UNLIMITED,
    about: dict[str, object] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Columns, RunFolder]:
    """Send every call to real endpoints. Each is in the run folder's calls.jsonl as soon as it has ended.

    Raises UsageError, before anything is sent, for too many calls, one that fits no endpoint, or a provider that has
    no adapter here. An interruption is passed on, with a note of what is done.
    """
    if len(trace) > MOST_CALLS:
        raise UsageError(
            f"{trace.name}: {len(trace)} real calls are more than {MOST_CALLS}; give --limit N for the first"
        )
    check_fits(trace, fleet)
    for spec in fleet.specs:
        require(spec)
    manifest = manifest_of("replay", ["live"], [type(fleet.router).__name__], fleet)
    manifest |= {"trace": trace.name, "calls": len(trace)} | (about or {})
    folder = RunFolder.create(out, "replay", seed, manifest)
    ended = 0
    with folder.journal() as journal:

        def keep(record: CallRecord) -> None:
            nonlocal ended
            journal.append(record)
            ended += 1
            if progress is not None:
                progress(ended, len(trace))

        try:
            columns = run_traffic(
                trace, fleet, world="live", seed=seed, budget=budget, on_call=keep, on_failure=folder.note_failure
            )
            return columns, folder
        except BaseException as error:
            error.add_note(f"{ended} of {len(trace)} calls ended: {folder.path / 'calls.jsonl'}")
            raise


def foretold(trace: Trace, fleet: Fleet, seed: int = 0, budget: Budget = UNLIMITED) -> Columns | None:
    """The same traffic in virtual time, by the profiles as they are; None if an endpoint cannot be simulated."""
    for spec in fleet.specs:
        profile = fleet.profiles[spec.name]
        if profile.step is None and profile.hosted is None and spec.provider != AT_ONCE:
            return None
    # A router that throws dice must throw the same ones when the calls are real.
    return run_traffic(trace, replace(fleet, router=deepcopy(fleet.router)), world="sim", seed=seed, budget=budget)
