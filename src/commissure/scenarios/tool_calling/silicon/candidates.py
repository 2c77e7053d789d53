"""Several answers to one prompt, in sim: how long until the last is there and one is chosen, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

from commissure.hal.call import Call, KvState
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Choice, Reply
from commissure.hal.runtime import Runtime
from commissure.scenarios.run import run
from commissure.scenarios.tool_calling.silicon.case import MOST_ANSWERS, Case, Work, blocks_shared, set_up, silicon

WARM = 2
"""Questions before the first that is counted, so that the other sequences are out of step with each other."""
QUESTION, BUSY = "question", "busy"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}


@dataclass(frozen=True, slots=True)
class Measured:
    """A case as simulated, as means over its questions, in seconds: until the answer is chosen, and until the first
    token of any answer; and the tokens said.

    `usd` is the endpoint's price by the hour over that time, by the share that the answers have of the sequences on it:
    the whole of it where nobody else is there, even where places stay free.
    """

    case: Case
    latency_s: float
    first_s: float
    said_tokens: float
    usd: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One question's answers: seconds until the last was there, and until the first token; and the tokens said."""

    latency_s: float
    first_s: float
    said_tokens: int


class Answers:
    """Modelled answers of the case's lengths: the k-th to a question is as long whatever the number of answers."""

    def __init__(self, case: Case, work: Work) -> None:
        self._lengths = {QUESTION: case.lengths, BUSY: work.busy_lengths}

    def answer(self, call: Call) -> tuple[Choice, int]:
        """Any text, and its length."""
        return Choice('{"total": 1}', "stop"), self._lengths[call.kind].drawn(call.seed or 0)


class Bench:
    """A question after another at one endpoint, beside sessions that keep it busy with questions of their own."""

    def __init__(self, case: Case, work: Work, blocks: int, *, static: bool) -> None:
        self._case, self._work, self._blocks, self._static = case, work, blocks, static
        self._done = False

    async def workflow(self, rt: Runtime, fleet: OpenFleet) -> list[Asked]:
        """All questions, those that warm up left out."""
        found: list[Asked] = []
        warm = WARM if self._case.busy else 0
        async with rt.task_group() as group:
            for session in range(self._case.busy):
                group.start_soon(self._keep_busy, fleet, session)
            for number in range(warm + self._work.questions):
                began_s = rt.now()
                replies = await self._question(rt, fleet, number)
                firsts = [one.timing.start_s + (one.timing.first_s or 0.0) for one in replies]
                said = sum(one.usage.said_tokens for one in replies)
                found.append(Asked(rt.now() - began_s, min(firsts) - began_s, said))
            self._done = True
        return found[warm:]

    async def _question(self, rt: Runtime, fleet: OpenFleet, number: int) -> tuple[Reply, ...]:
        """One call for all; static shapes have no prefix cache in sim, so there the others go on from its state."""
        case = self._case
        call = self._call(QUESTION, number, number * MOST_ANSWERS, case.n)
        if not (self._static and case.prompts == "shared" and case.n > 1 and self._blocks):
            return (await fleet.generate(call),)
        endpoint = fleet.endpoints[case.endpoint]
        state = KvState(endpoint.profile.model, self._blocks, endpoint.name)
        rest = " ".join(call.prompt.split()[self._blocks :])
        others = [replace(call, n=1, seed=(call.seed or 0) + k, prompt=rest, state=state) for k in range(1, case.n)]
        return tuple(await rt.gather(*(fleet.generate(one) for one in (replace(call, n=1), *others))))

    async def _keep_busy(self, fleet: OpenFleet, session: int) -> None:
        number = 0
        while not self._done:
            key = session * 1_000_003 + number
            await fleet.generate(self._call(BUSY, key, key, 1))
            number += 1

    def _call(self, kind: str, number: int, seed: int, n: int) -> Call:
        """A prompt that begins like no other; in sim a word is a token."""
        prompt = " ".join(f"{kind}-{number}-{word}" for word in range(self._work.prompt_tokens))
        schema = None if self._case.way == "free" else SCHEMA
        lengths = self._case.lengths if kind == QUESTION else self._work.busy_lengths
        agent = f"{kind} {number}"
        return Call(prompt, kind=kind, agent=agent, max_tokens=lengths.most, n=n, seed=seed, schema=schema)


def measure(case: Case, work: Work | None = None, fleet: Fleet | None = None) -> Measured:
    """Run a case in sim. The same case gives the same numbers. Raises UsageError where it cannot be modelled."""
    work, whole = work or Work(), fleet or silicon()
    spec, profile, alone = set_up(whole, case)
    settings = profile.engine
    assert settings is not None
    blocks = blocks_shared(settings, work.prompt_tokens)
    bench = Bench(case, work, blocks, static=settings.buckets is not None)
    asked = run(bench.workflow, alone, behaviour=Answers(case, work)).result
    chosen_s = work.selection_s if case.n > 1 else 0.0
    latency_s = fmean(one.latency_s for one in asked) + chosen_s
    return Measured(
        case=case,
        latency_s=latency_s,
        first_s=fmean(one.first_s for one in asked),
        said_tokens=fmean(one.said_tokens for one in asked),
        usd=value_of(profile.usd_per_hour) * spec.replicas / 3600 * latency_s * case.n / (case.n + case.busy),
    )
