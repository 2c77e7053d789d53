"""constrained-decoding: sessions call tools at once, every answer under a JSON Schema; where are its masks made?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.call import Call
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.reply import Choice, Reply
from commissure.hal.runtime import Runtime
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table
from commissure.scenarios.tool_calling.decoding.claimed import SCENARIO_NAME
from commissure.scenarios.tool_calling.decoding.claims import constrained_decoding_claims
from commissure.scenarios.tool_calling.decoding.figures import pace_figure
from commissure.scenarios.tool_calling.decoding.forced import forced_share, written
from commissure.scenarios.tool_calling.decoding.masks import mask_share, pace
from commissure.scenarios.tool_calling.decoding.schemas import SCHEMAS
from commissure.scenarios.tool_calling.decoding.score import score
from commissure.scenarios.tool_calling.decoding.tasks import SYSTEM, TASKS, Spelling, Task, task_of
from commissure.scenarios.tool_calling.decoding.ways import WAYS, under

READING = (
    "Simulated answers are right under every policy, so that all have the same work: there, accepted and forced say "
    "nothing of a policy. Under chip, endpoints without the kernel mask on the host."
)


class Settings(BaseModel):
    """`batch` sessions at once at each endpoint, of so many calls each.

    Modelled answers are written with this `whitespace`, in tokens of the `vocabulary`, an installed one by name.
    Above a `temperature` of 0 real answers differ from session to session and from call to call, by the seed.
    The longest right answer has 154 tokens, with spaces; with `max_tokens` of 160 every task fits a slot of 1,024.
    `skip_forced`: what the grammar alone decides is filled in without a step, as far as the engine is modelled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch: Annotated[int, Field(ge=1, le=4096)] = 8
    calls: Annotated[int, Field(ge=1, le=1000)] = 2
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 160
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.0
    vocabulary: str = "smollm2"
    whitespace: Spelling = "none"
    skip_forced: bool = False


class RightAnswers:
    """Modelled models answer right, so that all ways of masking have the same work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks = {task.prompt: task for task in TASKS}

    def answer(self, call: Call) -> tuple[Choice, int]:
        """The task's answer, cut where it is too long."""
        task, spelling = self._tasks[call.prompt], self._settings.whitespace
        text = task.text(spelling)
        tokens = written(task.schema, text, spelling, self._settings.vocabulary).tokens
        if tokens <= call.max_tokens:
            return Choice(text, "stop"), tokens
        return Choice(text[: len(text) * call.max_tokens // tokens], "length"), call.max_tokens


class ConstrainedDecoding:
    """Sessions that call eight tools and fill in forms."""

    name = SCENARIO_NAME
    summary = (
        "tool calls under JSON Schemas: masks on the host or on the chip? Also cpu-overlapped, and chip, under which "
        "endpoints without the kernel mask on the host"
    )
    settings = Settings
    variants = ({"batch": 1}, {"batch": 8}, {"batch": 64}, {"batch": 128})
    # What any fleet can do, and any llama.cpp server live; the others need batching engines, and a Neuron chip.
    policies = ("free", "cpu")
    known_policies = tuple(WAYS)

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        """The endpoints under that way of masking, each session at one of them."""
        # Asked for in any case, so that a vocabulary that is not there is told before anything runs.
        share = forced_share(settings.vocabulary, settings.whitespace)
        return under(fleet, policy, settings.batch, share if settings.skip_forced else 0.0)

    def behaviour(self, settings: Settings, seed: int) -> RightAnswers:
        """Right answers."""
        return RightAnswers(settings)

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> dict[str, Any]:
        """All sessions side by side; returns what their answers are worth and what their masks took."""
        sessions = settings.batch * len(fleet.endpoints)
        answered = await rt.gather(*(self._session(rt, fleet, settings, number) for number in range(sessions)))
        pairs = [pair for one in answered for pair in one]
        replies = defaultdict(list)
        for _, reply in pairs:
            replies[reply.endpoint].append(reply)
        constrained = _takes_schemas(fleet)
        shares = {
            name: mask_share(fleet.endpoints[name], those) if constrained else 0.0 for name, those in replies.items()
        }
        known = {name: share for name, share in shares.items() if share is not None}
        return {**score(pairs), **({"mask_share": known} if known else {})}

    async def _session(
        self, rt: Runtime, fleet: OpenFleet, settings: Settings, session: int
    ) -> list[tuple[Task, Reply]]:
        constrained, found = _takes_schemas(fleet), []
        for number in range(settings.calls):
            task = task_of(session, number)
            call = Call(
                task.prompt, SYSTEM, kind=task.schema, agent=f"session {session}", max_tokens=settings.max_tokens,
                schema=SCHEMAS[task.schema] if constrained else None, temperature=settings.temperature,
                seed=rt.seed * 1_000_003 + session * settings.calls + number if settings.temperature else None,
            )  # fmt: skip
            found.append((task, await fleet.generate(call)))
        return found

    def measure(self, calls: Sequence[CallRecord], settings: Settings, seed: int) -> dict[str, Any]:
        """The pace of each endpoint, and what share of the right answers' tokens their grammars force."""
        apart = defaultdict(list)
        for call in calls:
            apart[call.endpoint].append(call)
        return {
            "pace": {name: pace(those, [one.output_tokens for one in those]) for name, those in apart.items()},
            "forced_share": forced_share(settings.vocabulary, settings.whitespace),
        }

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Of each endpoint: a token's time, tokens a second, the masks' share of a step; and the answers' score."""
        pace, shares = measures["pace"], measures.get("mask_share", {})
        told = f"{measures['accepted']} of {measures['answers']}" + (f", {measures['cut']} cut" * bool(measures["cut"]))
        return {
            "a token, ms": _each({name: f"{one['token_s'] * 1e3:.3f}" for name, one in pace.items()}),
            "median": _each({name: f"{one['median_token_s'] * 1e3:.3f}" for name, one in pace.items()}),
            "tokens/s": _each({name: f"{one['tokens_per_s']:.0f}" for name, one in pace.items()}),
            "masks, of a token's time": _each({name: f"{share:.2%}" for name, share in shares.items()}) or "-",
            "accepted": told,
            "forced, of right answers": f"{measures['forced_share']:.0%}",
        }

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """None: a leg's row says it all."""
        return []

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """A token's time at each endpoint under each way."""
        return [(f"From a token to the next: simulated as bars, measured as circles. {READING}", pace_figure(legs))]

    def expected_calls(self, settings: Settings, seed: int) -> int:
        """Of one endpoint."""
        return settings.batch * settings.calls

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """The kernel's time, against a processor's, and as shares of a step."""
        return constrained_decoding_claims(measured)


def _takes_schemas(fleet: OpenFleet) -> bool:
    return all(one.capabilities.schema for one in fleet.endpoints.values())


def _each(cells: Mapping[str, str]) -> str:
    """One value alone, several by name."""
    return ", ".join(cells.values() if len(cells) == 1 else (f"{name} {value}" for name, value in cells.items()))


SCENARIO = ConstrainedDecoding()
