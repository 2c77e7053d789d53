"""The latent hand-off: an agent goes on from another's KV state, and not from its text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import simpy

from commissure.hal.call import KvState
from commissure.hal.errors import EndpointError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.sim.topology.build import kv_bytes_of
from commissure.sim.topology.channel import Channel


class HandOff:
    """What one endpoint takes over from others: states of its own model's layout, over its chip's link."""

    def __init__(
        self, env: simpy.Environment, spec: EndpointSpec, profile: Profile, wait: Callable[[float], Awaitable[None]]
    ) -> None:
        self._env = env
        self._wait = wait
        self._spec = spec
        self._profile = profile
        self._link: Channel | None = None

    async def received(self, state: KvState) -> int:
        """Wait until the state is here; returns its tokens. Raises EndpointError where the layouts differ."""
        mine = self._profile.model
        model = models().get(mine)
        if state.model != mine and not (model and state.model in model.same_layout_as):
            raise EndpointError(
                self._spec.name,
                f"it serves {mine!r} and cannot read a KV state of {state.model!r}: send the text instead",
            )
        if state.endpoint != self._spec.name:
            link = self._link = self._link or self._open()
            size = kv_bytes_of(self._spec, self._profile)(state.tokens)
            await self._wait(link.send(size))
        return state.tokens

    def _open(self) -> Channel:
        bandwidth = chips()[self._spec.chip].link_gb_per_s
        if bandwidth is None:
            raise EndpointError(
                self._spec.name, f"the bandwidth between chips is not known: state link_gb_per_s of {self._spec.chip!r}"
            )
        return Channel(self._env, bandwidth.value * 1e9)
