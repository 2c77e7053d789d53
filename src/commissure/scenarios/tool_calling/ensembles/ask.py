"""How one endpoint is asked one question: once greedily, or for several candidates that differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.endpoint import Endpoint
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.prompt import Asked as Form
from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.selector import Diversity, Stopping
from commissure.policies.ensemble.verifier import KIND, verify
from commissure.scenarios.tool_calling.ensembles.answers import PILOTS, Asked, KeptSample, kept_sample
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.records.record import Record

# Where no grammar ends the answer: a line left blank, or the next example begun.
ENDS = ("\n\n", "\nText:")
MOST_SEED = 2**31 - 1
LEAST_LOGPROBS = 1


@dataclass(frozen=True, slots=True)
class Member:
    """One endpoint, and the way it is asked."""

    rt: Runtime
    fleet: OpenFleet
    endpoint: Endpoint
    settings: Settings
    diversity: Diversity
    stopping: Stopping

    @property
    def name(self) -> str:
        """Of the endpoint."""
        return self.endpoint.name

    async def greedy(self, record: Record) -> Asked:
        """The likeliest answer."""
        call = replace(self._call(record, "greedy", 0), temperature=0.0, seed=None)
        return await self._asked([(call, 0)])

    async def pilots(self, record: Record) -> Asked:
        """Two candidates, as those of the vote will be, but others."""
        return await self._candidates(record, 2, 0, PILOTS)

    async def candidates(self, record: Record) -> Asked:
        """As many as the stopping rule asks for, `n` at most; verified where that is set."""
        n, batches = self.settings.n, list[Asked]()
        samples: list[Sample] = []
        while (more := min(self.stopping.more(samples, n), n - len(samples))) > 0:
            batches.append(await self._candidates(record, more, len(samples), "candidates"))
            samples += batches[-1].candidates(self.name)
        together = _together(batches)
        return await self._verified(record, together) if self.settings.verify else together

    async def _candidates(self, record: Record, count: int, first: int, phase: str) -> Asked:
        forms = [self.diversity.vary(record.asked, first + number) for number in range(count)]
        if len(set(map(_said, forms))) == 1:
            call = self._call(record, phase, first)
            return await self._asked([(replace(call, n=count), 0)])
        calls = [
            (self._call(replace(record, asked=form), phase, first + number), first + number)
            for number, form in enumerate(forms)
        ]
        return await self._asked(calls)

    def _call(self, record: Record, phase: str, number: int) -> Call:
        settings, able = self.settings, self.endpoint.capabilities
        seed = dice(f"{self.rt.seed} {self.name} {record.id} {phase} {number}").randrange(MOST_SEED)
        told = able.logprobs is not None and able.logprobs >= LEAST_LOGPROBS
        return Call(
            record.asked.prompt.text,
            kind=record.family,
            agent=f"{record.id} {phase}",
            node=self.name,
            workflow=piece(self.name, record, phase),
            max_tokens=record.room_tokens,
            temperature=settings.temperature,
            seed=seed if able.seed else None,
            schema=record.asked.schema if settings.grammar else None,
            stop=() if settings.grammar else ENDS,
            logprobs=LEAST_LOGPROBS if told else None,
            chat=not able.completion,
        )

    async def _asked(self, calls: Sequence[tuple[Call, int]]) -> Asked:
        began_s = self.rt.now()
        replies = await self.rt.gather(*(self.fleet.generate(call) for call, _ in calls))
        latency_s = self.rt.now() - began_s
        samples = [
            sample for (_, variant), reply in zip(calls, replies, strict=True) for sample in _samples(reply, variant)
        ]
        return Asked(
            samples=tuple(samples),
            latency_s=latency_s,
            prompt_tokens=sum(one.usage.prompt_tokens for one in replies),
            computed_tokens=sum(one.usage.computed_tokens for one in replies),
            output_tokens=sum(one.usage.said_tokens for one in replies),
            cost_usd=sum(one.cost_usd for one in replies),
        )

    async def _verified(self, record: Record, asked: Asked) -> Asked:
        began_s, candidates = self.rt.now(), asked.candidates(self.name)
        judged = await verify(
            self.rt, self.fleet, record.asked, candidates, node=self.name, agent=f"{record.id} {KIND}"
        )
        samples = tuple(
            one.model_copy(update={"verdict": sample.verdict})
            for one, sample in zip(asked.samples, judged, strict=True)
        )
        # A verdict is one token.
        tokens = len({canonical(one.value) for one in candidates if one.parsed})
        return asked.model_copy(
            update={"samples": samples, "verify_s": self.rt.now() - began_s, "verify_tokens": tokens}
        )


def _said(asked: Form) -> str:
    """A form as it is sent: the order of members counts there, which equality passes over."""
    return f"{asked.prompt.text}\n{json.dumps(dict(asked.schema))}"


def piece(member: str, record: Record, phase: str) -> str:
    """The name of a piece of work, by which its result is kept and its calls are known as its own."""
    return f"{member} {record.id} {phase}"


def _samples(reply: Reply, variant: int) -> list[KeptSample]:
    even = round(reply.usage.said_tokens / len(reply.choices))
    return [kept_sample(choice, variant, even) for choice in reply.choices]


def _together(batches: Sequence[Asked]) -> Asked:
    """Batches one after another as one asking."""
    return Asked(
        samples=tuple(sample for one in batches for sample in one.samples),
        latency_s=sum(one.latency_s for one in batches),
        prompt_tokens=sum(one.prompt_tokens for one in batches),
        computed_tokens=sum(one.computed_tokens for one in batches),
        output_tokens=sum(one.output_tokens for one in batches),
        cost_usd=sum(one.cost_usd for one in batches),
    )
