"""The modelled endpoint of a serving engine or a hosted API: calls with text, served as jobs in virtual time.

What is modelled is time, money and what prompts share; content and its length come from the behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

from commissure.hal.call import CacheHint, Call, HintAction, HintOutcome, KvState
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
from commissure.sim.topology.ahead import Ahead
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
        self._rt = rt
        self._server: Server = build_server(site, spec, profile)
        able = able_of(spec)
        self.capabilities = replace(
            able,
            context_tokens=int(limit) if limit < float("inf") else None,
            hints=able.hints & {"prefetch", "place"} if profile.step is None else _hints(site, spec, able.hints),
        )
        chip = site.chip_of(spec)
        self._ahead = Ahead(rt, self._server, chip, site.unit_tokens)
        # The units of each agent's last prompt.
        self._last: dict[str, Sequence[int]] = {}
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
            most = self.capabilities.answers_at_once
            if call.n > most:
                return await fan_out(self._rt, call, self.profile, self.generate, most)
            return await fan_out(self._rt, call, self.profile, self.generate, shared=True)
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
        """An engine manages its cache itself, but can be asked to fetch or compute a prompt ahead, and to let one go.

        A prefetch returns when the prompt is there. A hosted API says a token after it, and bills it. A place is a
        prefetch that pins nothing, and so `clipped`: what was used last leaves last. `evict` sends down what of the
        agent's last prompt, or of the call's, is no other agent's; it is `clipped` where some of that is in use, or
        where the hint names nobody. Raises EndpointError, and UsageError for a prefetch without a call.
        """
        if hint.action not in self.capabilities.hints:
            return "unsupported"
        if hint.action == "evict":
            return self._evict(hint)
        if hint.call is None:
            if hint.action == "place":
                return "unsupported"
            raise UsageError("a prefetch hint needs the call whose prompt is to be computed")
        if self.profile.step is None:
            await self.generate(replace(hint.call, n=1, max_tokens=1, min_tokens=0))
            outcome: HintOutcome = "accepted"
        else:
            outcome = await self._prefetch(hint.call)
        return outcome if hint.action == "prefetch" else "clipped"

    async def _prefetch(self, call: Call) -> HintOutcome:
        self._require(call)
        tokens = self._model.prompt(call)
        self._check_room(len(tokens))
        if call.state is not None:
            return "clipped"  # what follows on a state is no prefix that could be kept
        # The last token of a prompt is computed by the call itself.
        units = self._hashes(tokens)[: (len(tokens) - 1) // self._unit]
        self._running += 1
        try:
            return await self._ahead.prefetch(units, call.agent)
        finally:
            self._running -= 1

    def _evict(self, hint: CacheHint) -> HintOutcome:
        agent = hint.agent if hint.call is None else hint.call.agent
        units = self._last.get(agent, ()) if hint.call is None else self._hashes(self._model.prompt(hint.call))
        if hint.call is None and not agent:
            return "clipped"
        others = {unit for name, theirs in self._last.items() if name != agent for unit in theirs}
        return self._ahead.expel([unit for unit in units if unit not in others])

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
        self._require(call)
        tokens = self._model.prompt(call)
        ready = await self._handoff.received(call.state) if call.state else 0
        prompt = ready + (call.prompt_tokens or len(tokens))
        limit = self.capabilities.context_tokens
        self._check_room(prompt)
        if limit is not None and call.max_tokens > limit - prompt:
            call = replace(call, max_tokens=limit - prompt, min_tokens=min(call.min_tokens, limit - prompt))
        said, output = self._behaviour.answer(call)
        ended, shown = self._rt.event(), self._rt.event()

        def done(job: Job) -> None:
            shown.set()
            ended.set()

        hashes: Sequence[int] = () if ready else self._hashes(tokens)
        if call.agent and hashes:
            self._last[call.agent] = hashes
        job = Job(prompt, output, hashes, done, ready_tokens=ready)
        job.on_first = lambda job: shown.set()
        job.tag, job.node, job.workflow = call.agent, call.node, call.workflow
        job.longest, job.constrained = call.max_tokens, _constrained(call)
        self._running += 1
        job.sent_s = self._rt.env.now
        self._server.submit(job)
        return choice_of(said), job, ended, shown

    def _require(self, call: Call) -> None:
        if missing := self.capabilities.missing(call):
            raise Unsupported(f"endpoint {self.name!r} ({self.profile.provider}) has no {', no '.join(missing)}")

    def _check_room(self, prompt: int) -> None:
        limit = self.capabilities.context_tokens
        if limit is not None and prompt + 1 > limit:
            raise EndpointError(self.name, f"the prompt has {prompt} tokens, the endpoint room for {limit}")

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


def _hints(site: Site, spec: EndpointSpec, real: frozenset[HintAction]) -> frozenset[HintAction]:
    """What an engine's cache can be asked for; nothing, if the fleet file says what can be and leaves it out."""
    stated: frozenset[HintAction] | None = spec.capabilities.get("hints")
    able: set[HintAction] = set()
    if any(one.caches for one in site.kept.get(spec.name, [])):
        able.add("prefetch")
        if "place" in real:
            able.add("place")
    if site.chip_of(spec) is not None:
        able.add("evict")
    return frozenset(able if stated is None else able & set(stated))


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


def _constrained(call: Call) -> bool:
    """Whether the answer keeps to a grammar: a schema's, or that of a tool that must be called."""
    return call.schema is not None or call.tool_choice not in ("auto", "none")
