"""The modelled endpoint of a serving engine or a hosted API: calls with text, served as jobs in virtual time.

What is modelled is time, money and what prompts share; content and its length come from the behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

from commissure.hal.call import CacheHint, Call, HintOutcome, KvState
from commissure.hal.clock.primitives import Event
from commissure.hal.connect import capabilities as able_of
from commissure.hal.endpoint import Status
from commissure.hal.errors import EndpointError, Unsupported, UsageError
from commissure.hal.fanout import fan_out, whole_chunks
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice, Chunk, Reply, Timing, Usage
from commissure.sim.behaviour import Behaviour, Filler, choice_of
from commissure.sim.engine.job import NEVER, Job
from commissure.sim.engine.server import Server
from commissure.sim.hosted.latency import hidden_tokens
from commissure.sim.runtime import SimRuntime
from commissure.sim.tokens import TokenModel, Tokens
from commissure.sim.topology.build import Site, build_server, longest_call
from commissure.sim.topology.handoff import HandOff


class ServedEndpoint:
    """Batches calls as the server behind it does. Raises UsageError if the fleet states what cannot be modelled."""

    def __init__(
        self, spec: EndpointSpec, profile: Profile, rt: SimRuntime, site: Site, behaviour: Behaviour | None = None
    ) -> None:
        self.name = spec.name
        self.profile = profile
        limit = longest_call(spec, profile, site.folder)
        self.capabilities = replace(able_of(spec), context_tokens=int(limit) if limit < float("inf") else None)
        self._rt = rt
        self._server: Server = build_server(site, spec, profile)
        self._handoff = HandOff(rt.env, spec, profile, rt.sleep)
        self._behaviour = behaviour or Filler()
        self._model = TokenModel(profile.tokenizer, models().get(profile.model))
        self._unit = site.unit_tokens
        self._hashes = lru_cache(maxsize=4096)(self._hashed)
        self._hidden = hidden_tokens(profile)
        self._running = 0

    async def generate(self, call: Call) -> Reply:
        """Answer the call. Raises EndpointError."""
        if call.n > 1:
            shared = self.capabilities.several
            return await fan_out(self._rt, call, self.profile, self.generate, shared=shared)
        async with self._under_way(call) as (choice, job, ended, _):
            await ended.wait()
        return self._reply(choice, job)

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer in two pieces: the first word when the first token is there, the rest at the end; several whole."""
        if call.n > 1:
            async for chunk in whole_chunks(await self.generate(call)):
                yield chunk
            return
        async with self._under_way(call) as (choice, job, ended, shown):
            await shown.wait()
            head, space, rest = choice.text.partition(" ")
            if job.error is None:
                yield Chunk(head)
            await ended.wait()
        reply = self._reply(choice, job)
        if space:
            yield Chunk(space + rest)
        yield Chunk("", reply)

    async def hint(self, hint: CacheHint) -> HintOutcome:
        """An engine of this kind manages its cache itself; a prefetch computes a prompt and says one token.

        So does a place, of a prefix that is kept: the last used leaves last, but is not pinned.
        """
        if hint.action not in ("prefetch", "place") or hint.action not in self.capabilities.hints:
            return "unsupported"
        if hint.call is None:
            if hint.action == "place":
                return "unsupported"
            raise UsageError("a prefetch hint needs the call whose prompt is to be computed")
        await self.generate(replace(hint.call, n=1, max_tokens=1, min_tokens=0))
        return "accepted" if hint.action == "prefetch" else "clipped"

    async def status(self) -> Status:
        """Calls under way."""
        return Status(self._running)

    @asynccontextmanager
    async def _under_way(self, call: Call) -> AsyncIterator[tuple[Choice, Job, Event, Event]]:
        """What `_started` gives, for as long as the caller waits; a call that it leaves before its end is cancelled."""
        started = await self._started(call)
        _, job, _, _ = started
        try:
            yield started
        except BaseException:
            if job.finished_s == NEVER and job.error is None:
                self._server.cancel(job)
            raise
        finally:
            self._running -= 1

    async def _started(self, call: Call) -> tuple[Choice, Job, Event, Event]:
        """The call as a job under way, with what is set when it has ended and when its first token is there."""
        if missing := self.capabilities.missing(call):
            raise Unsupported(f"endpoint {self.name!r} ({self.profile.provider}) has no {', no '.join(missing)}")
        tokens = self._model.prompt(call)
        ready = await self._handoff.received(call.state) if call.state else 0
        prompt = ready + (call.prompt_tokens or len(tokens))
        limit = self.capabilities.context_tokens
        if limit is not None and prompt + 1 > limit:
            raise EndpointError(self.name, f"the prompt has {prompt} tokens, the endpoint room for {limit}")
        if limit is not None and call.max_tokens > limit - prompt:
            call = replace(call, max_tokens=limit - prompt, min_tokens=min(call.min_tokens, limit - prompt))
        said, output = self._behaviour.answer(call)
        ended, shown = self._rt.event(), self._rt.event()

        def done(job: Job) -> None:
            shown.set()
            ended.set()

        job = Job(prompt, output, () if ready else self._hashes(tokens), done, ready_tokens=ready)
        job.on_first = lambda job: shown.set()
        job.tag = call.agent
        job.longest = call.max_tokens
        self._running += 1
        job.sent_s = self._rt.env.now
        self._server.submit(job)
        return choice_of(said), job, ended, shown

    def _hashed(self, tokens: Tokens) -> Sequence[int]:
        """A name for each whole block of the prompt, which follows from the block and all before it."""
        names, chain = [], b""
        for begin in range(0, len(tokens) - self._unit + 1, self._unit):
            block = "\0".join(tokens[begin : begin + self._unit]).encode()
            chain = blake2b(block, key=chain, digest_size=8).digest()
            names.append(int.from_bytes(chain))
        return names

    def _reply(self, choice: Choice, job: Job) -> Reply:
        if job.error is not None:
            raise job.error
        usage = Usage(job.prompt, job.cached, job.output, self._hidden)
        sent = job.sent_s
        timing = Timing(
            sent - self._rt.began_s,
            job.started_s - sent,
            job.first_s - job.started_s,
            job.finished_s - job.first_s,
            job.finished_s - sent,
            "sim",
            job.first_s - sent,
        )
        state = None
        if self.profile.step is not None:  # a provider hands no state on
            state = KvState(self.profile.model, job.prompt + job.output, self.name)
        return Reply((choice,), usage, timing, self.name, self.profile.price_usd(usage), None, state)


@asynccontextmanager
async def connect(
    spec: EndpointSpec, profile: Profile, rt: SimRuntime, site: Site, behaviour: Behaviour | None = None
) -> AsyncIterator[ServedEndpoint]:
    """Open the modelled endpoint; there is nothing to open."""
    if profile.step is None and profile.hosted is None:
        raise UsageError(
            f"endpoint {spec.name!r}: profile {spec.profile_name!r} has neither step times nor a hosted model"
        )
    yield ServedEndpoint(spec, profile, rt, site, behaviour)
