"""Open real endpoints so that what they are asked is recorded, or answered out of a recording."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from commissure.hal import connect as live
from commissure.hal.endpoint import Endpoint
from commissure.hal.fleets.fleet import Connect
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import Journal
from commissure.hal.profiles.profile import Profile
from commissure.hal.record.player import Player
from commissure.hal.record.recorder import Recorder
from commissure.hal.record.recording import Recording
from commissure.hal.runtime import Runtime


def recorded_by(journal: Journal) -> Connect:
    """What opens real endpoints and records them."""

    def opened(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AbstractAsyncContextManager[Endpoint]:
        return live.connect(spec, profile, rt, lambda transport: Recorder(transport, spec.name, rt, journal))

    return opened


def played_from(recording: Recording) -> Connect:
    """What opens the adapters of real endpoints over a recording; one that speaks no HTTP is opened as it is."""

    def opened(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AbstractAsyncContextManager[Endpoint]:
        if live.provider_of(spec.provider) is None:
            return live.connect(spec, profile, rt)
        return _played(recording, spec, profile, rt)

    return opened


@asynccontextmanager
async def _played(recording: Recording, spec: EndpointSpec, profile: Profile, rt: Runtime) -> AsyncIterator[Endpoint]:
    player = Player(recording, spec.name, rt)
    yield live.over(player, spec, profile, rt, recording.version(spec.name))
