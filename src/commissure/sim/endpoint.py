"""The modelled endpoint: KV slots, prefill and decode times of a profile, one call at a time.

Calls queue first come, first served for the chip; batching several at once is not modelled here. A call
costs a constant number of SimPy events whatever its length.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.capabilities import HINTS
from commissure.hal.connect import capabilities as able_of
from commissure.hal.endpoint import Status
from commissure.hal.errors import EndpointError, Refused, Unsupported, UsageError
from commissure.hal.fanout import fan_out, whole_chunks
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.local_server import SLOT_SIMILARITY
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.steptime import coefficients, decode_features, prefill_features, seconds
from commissure.hal.reply import Choice, Chunk, Reply, Timing, Usage
from commissure.hal.runtime import Runtime
from commissure.hal.slots import SlotMap
from commissure.sim.behaviour import Behaviour, Filler, choice_of
from commissure.sim.tokens import TokenModel, Tokens, common_prefix


class ModelledEndpoint:
    """Behaves as a llama.cpp server with the profile's step times would. Raises UsageError without them."""

    def __init__(self, spec: EndpointSpec, profile: Profile, rt: Runtime, behaviour: Behaviour | None = None) -> None:
        if profile.step is None:
            raise UsageError(
                f"endpoint {spec.name!r}: profile {spec.profile_name!r} has no step times, so it cannot be "
                f"simulated; measure them with: commissure calibrate {spec.name}"
            )
        self.name = spec.name
        self.profile = profile
        self.capabilities = replace(able_of(spec).in_slots(spec.slots, spec.slot_tokens), hints=HINTS)
        self._rt = rt
        self._behaviour = behaviour or Filler()
        self._weights = coefficients(profile.step)
        self._model = TokenModel(profile.tokenizer)
        self._chip = rt.semaphore(1)
        self._room = spec.slot_tokens
        self._held: list[Tokens] = [()] * spec.slots
        self._last_used = [-1] * spec.slots
        self._placed = SlotMap(spec.slots)
        self._saved: dict[str, Tokens] = {}
        self._calls = 0
        self._running = 0
        self._times = lru_cache(maxsize=4096)(self._modelled_times)

    async def generate(self, call: Call) -> Reply:
        if call.n > 1:
            most = self.capabilities.answers_at_once
            if call.n > most:
                return await fan_out(self._rt, call, self.profile, self.generate, most)
            return await fan_out(self._rt, call, self.profile, self.generate, shared=True)
        rt = self._rt
        start_s = rt.now()
        self._running += 1
        try:
            await self._chip.acquire()
            try:
                began_s = rt.now()
                slot, usage, choice = self._prefill(call)
                prefill_s, decode_s = self._times(usage.computed_tokens, usage.prompt_tokens, usage.output_tokens)
                await rt.sleep(prefill_s + decode_s + self._weights[4])
            finally:
                self._chip.release()
        finally:
            self._running -= 1
        return self._reply(start_s, began_s, choice, usage, slot)

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """One chunk a word, at its own time; several answers whole."""
        if call.n > 1:
            async for chunk in whole_chunks(await self.generate(call)):
                yield chunk
            return
        rt = self._rt
        start_s = rt.now()
        self._running += 1
        try:
            async with self._chip:
                began_s = rt.now()
                slot, usage, choice = self._prefill(call)
                prefill_s, decode_s = self._times(usage.computed_tokens, usage.prompt_tokens, usage.output_tokens)
                await rt.sleep(prefill_s + self._weights[4])
                words = choice.text.split(" ")
                for number, word in enumerate(words):
                    await rt.sleep(decode_s / max(1, len(words) - 1) if number else 0.0)
                    yield Chunk(f" {word}" if number else word)
        finally:
            self._running -= 1
        yield Chunk("", self._reply(start_s, began_s, choice, usage, slot))

    async def hint(self, hint: CacheHint) -> HintOutcome:
        slot, outcome = self._placed.resolve(hint)
        match hint.action:
            case "place":
                self._placed.assign(hint.agent, slot)
            case "evict":
                self._held[slot] = ()
                self._placed.release(slot)
            case "prefetch":
                if hint.call is None:
                    raise UsageError("a prefetch hint needs the call whose prompt is to be computed")
                self._placed.assign(hint.call.agent, slot)
                await self._prefetch(hint.call)
            case "save":
                await self._moved(len(self._held[slot]), save=True)
                self._saved[hint.agent] = self._held[slot]
            case "restore":
                saved = self._saved.get(hint.agent)
                if saved is None:
                    raise Refused(self.name, f"nothing was saved of agent {hint.agent!r}")
                await self._moved(len(saved), save=False)
                self._held[slot] = saved
                self._placed.assign(hint.agent, slot)
        return outcome

    async def _moved(self, tokens: int, *, save: bool) -> None:
        """Wait while a state travels to the disk or from it; the server does nothing else meanwhile."""
        disk = self.profile.disk
        if disk is None:
            raise UsageError(
                f"endpoint {self.name!r}: how long its disk takes is not known, so saved prefixes cannot be simulated: "
                f"state [disk] in profile {self.profile.provider}-{self.profile.model}-{self.profile.chip}"
            )
        each = disk.save_token_s if save else disk.restore_token_s
        async with self._chip:
            await self._rt.sleep(disk.request_s.value + tokens * each.value)

    async def status(self) -> Status:
        return Status(self._running, tuple(len(held) for held in self._held))

    def _reply(self, start_s: float, began_s: float, choice: Choice, usage: Usage, slot: int) -> Reply:
        """The reply to a call that was sent at `start_s`, taken up at `began_s` and has ended now."""
        prefill_s, decode_s = self._times(usage.computed_tokens, usage.prompt_tokens, usage.output_tokens)
        queue_s = began_s - start_s + self._weights[4]
        total_s = self._rt.now() - start_s
        timing = Timing(start_s, queue_s, prefill_s, decode_s, total_s, "sim", queue_s + prefill_s)
        return Reply((choice,), usage, timing, self.name, self.profile.price_usd(usage), slot)

    async def _prefetch(self, call: Call) -> None:
        async with self._chip:
            _, usage, _ = self._prefill(call)
            prefill_s, _ = self._times(usage.computed_tokens, usage.prompt_tokens, 1)
            await self._rt.sleep(prefill_s + self._weights[4])

    def _modelled_times(self, computed: int, prompt: int, output: int) -> tuple[float, float]:
        """Seconds of prefill and of decode."""
        prefill = prefill_features(computed, prompt - computed)
        return seconds(self._weights, prefill), seconds(self._weights, decode_features(prompt, output))

    def _prefill(self, call: Call) -> tuple[int, Usage, Choice]:
        """Take the call's slot and say how much of the prompt it held. The last token is always computed."""
        if missing := self.capabilities.missing(call):
            raise Unsupported(f"endpoint {self.name!r} ({self.profile.provider}) has no {', no '.join(missing)}")
        tokens = self._model.prompt(call)
        room = self._room - len(tokens)
        if room < 1:
            problem = f"the prompt has {len(tokens)} tokens, the slot room for {self._room} with the answer"
            raise EndpointError(self.name, problem)
        slot, shared = self._slot_for(call, tokens)
        cached = min(shared, len(tokens) - 1)
        self._held[slot] = tokens
        self._last_used[slot] = self._calls
        self._calls += 1
        said, output = self._behaviour.answer(call)
        return slot, Usage(len(tokens), cached, min(output, room)), choice_of(said)

    def _slot_for(self, call: Call, tokens: Tokens) -> tuple[int, int]:
        """A slot and how many of the tokens it holds.

        The slot of a placed agent; else, as llama.cpp chooses, the most alike or the least recently used.
        """
        placed = self._placed.of(call.agent)
        if placed is not None:
            return placed, common_prefix(self._held[placed], tokens)
        shared = [common_prefix(held, tokens) for held in self._held]
        best = max(range(len(shared)), key=shared.__getitem__)
        if shared[best] <= SLOT_SIMILARITY * len(tokens):
            best = min(range(len(shared)), key=self._last_used.__getitem__)
        return best, shared[best]


@asynccontextmanager
async def connect(
    spec: EndpointSpec, profile: Profile, rt: Runtime, behaviour: Behaviour | None = None
) -> AsyncIterator[ModelledEndpoint]:
    """Open the modelled endpoint; there is nothing to open."""
    yield ModelledEndpoint(spec, profile, rt, behaviour)
