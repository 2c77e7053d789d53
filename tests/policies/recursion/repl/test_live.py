"""The one code path: the same scripted models over HTTP and in sim, and a real small model that cannot write code."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import commissure as cm
from commissure.hal.call import Message
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import StepRecord
from commissure.policies.recursion.ask import Answer, Limits
from commissure.policies.recursion.delegation import build_delegation
from commissure.policies.recursion.strategies import build_strategy
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.run import WORLDS, run
from tests.policies.recursion.repl.scripts import READY, TEXT, Script, profile
from tests.support.route_server import sse

LOOK = "print(len(context))\npieces = context.split('\\n')"
ASK = "said = ask_all(['\\n'.join(pieces[n:n + 100]) for n in range(0, 300, 100)])\nprint(said)"
WRONG = "print(said[5])"
COUNT = f"result = sum(int(one) for one in said)\n{READY}"


def reds(call: cm.Call) -> str:
    return str(call.prompt.count("red"))


@contextmanager
def spoken(script: Script) -> Iterator[str]:
    """The script behind OpenAI's chat completions on loopback. Whoever has a system prompt is a root."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said = [Message(one["role"], one["content"]) for one in body["messages"] if one["role"] != "system"]
            kind = "plan" if len(said) < len(body["messages"]) else "expand"
            with turn:
                choice, tokens = script.answer(cm.Call(said[-1].text, kind=kind, history=tuple(said[:-1])))
            delta = {"index": 0, "delta": {"content": choice.text}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 9, "completion_tokens": tokens}
            answer = sse({"choices": [delta]}, {"choices": [], "usage": usage}).body
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answered(
    fleet: cm.Fleet, world: Any, delegation: str = "one", behaviour: Any = None, limits: Limits | None = None,
    text: str = TEXT, **options: Any,
) -> tuple[Answer, list[StepRecord]]:  # fmt: skip
    steps: list[StepRecord] = []

    async def workflow(rt: cm.Runtime, opened: cm.OpenFleet) -> Answer:
        tree = Tree(rt, opened, "tree", build_delegation(delegation), limits or Limits())
        return await build_strategy("free_code", Options(**options)).answer(tree, Task("How many rows are red?", text))

    answer = run(workflow, fleet, world=world, behaviour=behaviour, on_step=steps.append).result
    assert isinstance(answer, Answer)
    return answer, steps


def fleet_at(url: str) -> cm.Fleet:
    specs = [
        EndpointSpec(name=name, provider="compatible", model="m", chip="undisclosed", base_url=url)
        for name in ("root", "leaf")
    ]
    return cm.Fleet(tuple(specs), {one.name: profile(1.0) for one in specs})


def outline(steps: list[StepRecord]) -> list[tuple[Any, ...]]:
    """What happened, without times; sub-calls side by side in the order of their texts."""
    return sorted((one.depth, one.kind, one.endpoint, one.said, one.output, one.problem) for one in steps)


def test_the_same_code_runs_in_both_worlds() -> None:
    turns = [LOOK, ASK, WRONG, "raw:Let me think.", COUNT]
    by_kind = "by_kind:plan=root,other=leaf"
    with spoken(Script(turns, reds)) as url:
        live, live_steps = answered(fleet_at(url), "live", by_kind)
        sim, sim_steps = answered(fleet_at(url), "sim", by_kind, Script(turns, reds))
    assert (live.text, live.complete, live.failures) == ("200", True, ())
    assert (live.text, live.value, live.complete, live.used.calls) == (sim.text, sim.value, sim.complete, 8)
    assert outline(live_steps) == outline(sim_steps)


@pytest.mark.parametrize("world", WORLDS)
def test_an_endpoint_that_says_filler_writes_no_code(world: Any) -> None:
    fleet = cm.Fleet.load("null" if world == "live" else "local")
    answer, steps = answered(fleet, world, text="a few words", code_tokens=32)
    assert [one.kind for one in answer.failures] == ["no code"]
    assert (answer.complete, answer.text, answer.used.calls) == (False, "", 3)
    assert [step.kind for step in steps] == ["plan", "run"] * 3


@pytest.mark.local
def test_a_real_small_model_ends_in_a_typed_answer_within_its_limits() -> None:
    """SmolLM2-135M writes no good code: what counts is how that ends."""
    limits = Limits(calls=1, wall_s=120.0)
    fleet = cm.Fleet.load("local").with_slots(2, 2048)
    answer, steps = answered(fleet, "live", limits=limits, text=TEXT[:400], turns=2, code_tokens=24, patience=2)
    assert answer.complete or answer.failures
    assert {one.kind for one in answer.failures} <= {
        "no code", "bad code", "loop", "unbuilt", "sandbox", "budget", "wall", "room",
    }  # fmt: skip
    assert 0 < answer.used.calls <= limits.calls
    assert any(step.kind == "plan" and step.said for step in steps)
