"""Agent graphs: visits against the chain's fundamental matrix, fans, tools, limits and what is refused."""

import math
from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pytest

import commissure as cm
from commissure.hal.errors import UsageError
from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from commissure.sim.workload.agents import check_graph
from commissure.sim.workload.sessions import Session, poisson_sessions
from commissure.sim.workload.walk import StepLimit, Visit, agent_workflow
from tests.support.worlds import on_both_runtimes

LOCAL = cm.Fleet.load("local")
Nodes = dict[str, dict[str, Any]]
Edges = dict[tuple[str, str], float]


def build(nodes: Nodes, edges: Edges) -> Any:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node, attributes in nodes.items():
        graph.add_node(node, **attributes)
    for (one, other), probability in edges.items():
        graph.add_edge(one, other, probability=probability)
    return graph


def brief(*names: str, **changes: Any) -> Nodes:
    return {name: {"output_tokens": 1, "prompt_tokens": 1} | changes.get(name, {}) for name in names}


class Model:
    """Answers every call after the same time."""

    def __init__(self, rt: Runtime, call_s: float) -> None:
        self.rt = rt
        self.call_s = call_s

    async def generate(self, call: cm.Call) -> cm.Reply:
        await self.rt.sleep(self.call_s)
        timing = cm.Timing(0, 0, 0, 0, self.call_s, "client")
        return cm.Reply((cm.Choice("said"),), cm.Usage(1, 0, 1), timing, "model")

    def ended(self, workflow: str) -> None:
        pass


def on_model(workflow: Any, call_s: float = 0.0, rt: Any = None) -> Any:
    rt = rt or SimRuntime(1)
    return rt.run(workflow, rt, Model(rt, call_s))


CODING = build(
    brief("plan", "research", "code", "test", "review"),
    {
        ("plan", "research"): 0.4, ("plan", "code"): 0.6, ("research", "research"): 0.3, ("research", "code"): 0.5,
        ("code", "test"): 1.0, ("test", "code"): 0.55, ("test", "review"): 0.45, ("review", "plan"): 0.25,
    },
)  # fmt: skip
FORK = build(
    brief("split", "left", "right", "inner", "end", split={"fan": "all", "join": "end"}),
    {("split", "left"): 1, ("split", "right"): 1, ("right", "inner"): 0.5, ("inner", "right"): 0.5, ("left", "end"): 1,
     ("inner", "end"): 0.5, ("right", "end"): 0.5, ("end", "split"): 0.3},
)  # fmt: skip


def chain(graph: Any, start: str) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation of the visits of each node: N = (I - P)^-1, var = N (2 diag N - 1) - N^2."""
    nodes = list(graph)
    moves = nx.to_numpy_array(graph, nodelist=nodes, weight="probability")
    visits = np.linalg.inv(np.eye(len(nodes)) - moves)
    variances = visits @ (2 * np.diag(np.diag(visits)) - np.eye(len(nodes))) - visits**2
    row = nodes.index(start)
    return dict(zip(nodes, visits[row], strict=True)), dict(zip(nodes, np.sqrt(variances[row]), strict=True))


def sessions_of(graph: Any, start: str, workflows: int, call_s: float = 0.0) -> tuple[Session, ...]:
    sessions: tuple[Session, ...] = on_model(poisson_sessions(agent_workflow(graph, start), 5.0, workflows), call_s)
    return sessions


def counts(sessions: tuple[Session, ...]) -> Counter[str]:
    return Counter(visit.node for session in sessions for visit in session.visits)


def test_visits_are_those_of_the_fundamental_matrix() -> None:
    workflows = 2000
    mean, deviation = chain(CODING, "plan")
    found = counts(sessions_of(CODING, "plan", workflows))
    for node in CODING:
        bound = 4 * deviation[node] / math.sqrt(workflows)
        assert found[node] / workflows == pytest.approx(mean[node], abs=bound)
        assert bound < 0.16 * mean[node]


def test_a_fork_is_left_once_by_all_its_branches() -> None:
    """The end is visited once a split; the right branch makes 1 / (1 - 1/4) visits and half as many inner ones."""
    workflows = 2000
    found = counts(sessions_of(FORK, "split", workflows))
    assert found["end"] == found["left"] == found["split"]
    splits = found["split"]
    assert splits / workflows == pytest.approx(1 / 0.7, abs=4 * math.sqrt(0.3) / 0.7 / math.sqrt(workflows))
    assert found["right"] / splits == pytest.approx(4 / 3, abs=4 * 2 / 3 / math.sqrt(splits))
    assert found["inner"] / splits == pytest.approx(2 / 3, abs=4 * math.sqrt(2 / 3 / splits))


def walk(graph: Any, start: str) -> tuple[Visit, ...]:
    visits: tuple[Visit, ...] = on_model(agent_workflow(graph, start))
    return visits


def test_a_join_waits_for_the_slowest_branch_and_tools_take_their_time() -> None:
    nodes = brief("split", "slow", "fast", "third", "end", "after")
    nodes["split"] |= {"fan": "all", "join": "end", "tool_s": 0.5}
    for name, tool_s in (("slow", 3.0), ("fast", 1.0), ("third", 1.25), ("end", 0.25), ("after", 0.125)):
        nodes[name]["tool_s"] = tool_s
    edges = {("split", "slow"): 1.0, ("split", "fast"): 1.0, ("fast", "third"): 1.0, ("slow", "end"): 1.0,
             ("third", "end"): 1.0, ("end", "after"): 1.0}  # fmt: skip
    visits = walk(build(nodes, edges), "split")
    ends = {visit.node: (visit.start_s, visit.end_s) for visit in visits}
    assert ends == {
        "split": (0.0, 0.5), "fast": (0.5, 1.5), "third": (1.5, 2.75), "slow": (0.5, 3.5), "end": (3.5, 3.75),
        "after": (3.75, 3.875),
    }  # fmt: skip
    assert [visit.node for visit in visits] == ["split", "fast", "third", "slow", "end", "after"]


def test_branches_without_a_join_end_on_their_own() -> None:
    nodes = brief("a", "b", "c", "d", a={"fan": "all"}, b={"tool_s": 1.0}, c={"tool_s": 2.0})
    visits = walk(build(nodes, {("a", "b"): 1, ("a", "c"): 1, ("b", "d"): 1, ("c", "d"): 1}), "a")
    ends = [(visit.node, visit.end_s) for visit in visits]
    assert ends == [("a", 0.0), ("b", 1.0), ("d", 1.0), ("c", 2.0), ("d", 2.0)]


def test_a_fan_in_a_branch_ends_at_the_outer_join() -> None:
    nodes = brief("a", "b", "c", "d", "e", a={"fan": "all", "join": "e"}, b={"fan": "all"})
    edges = {("a", "b"): 1.0, ("a", "c"): 1.0, ("b", "c"): 1.0, ("b", "d"): 1.0, ("c", "e"): 1.0, ("d", "e"): 1.0}
    visits = walk(build(nodes, edges), "a")
    assert Counter(visit.node for visit in visits) == {"a": 1, "b": 1, "c": 2, "d": 1, "e": 1}
    assert visits[-1].node == "e"


def test_time_on_the_model_counts_beside_the_tools() -> None:
    with_tool, without = (
        cm.run(agent_workflow(build(brief("a", "b", a={"tool_s": tool_s}), {("a", "b"): 1}), "a"), LOCAL).time_s
        for tool_s in (2.0, 0.0)
    )
    assert without > 0.01
    assert with_tool == pytest.approx(without + 2.0)


def test_what_a_call_says() -> None:
    seen: list[cm.Call] = []

    class Says:
        def answer(self, call: cm.Call) -> tuple[str, int]:
            seen.append(call)
            return f"answer {len(seen)}", 2

    nodes: Nodes = {
        "a": {"agent": "coder", "kind": "plan", "system": "You plan.", "prompt": "Plan:", "output_tokens": 9},
        "b": {"agent": "coder", "system_tokens": 12, "prompt_tokens": 5},
        "c": {"prompt": "Check:"},
        "d": {},
    }
    workflow = agent_workflow(build(nodes, {("a", "b"): 1, ("b", "c"): 1, ("c", "d"): 1}), "a")
    cm.run(workflow, LOCAL, "the question", behaviour=Says())
    a, b, c, d = seen
    assert a == cm.Call(
        "Plan:\n\nthe question", "You plan.", "plan", "coder", max_tokens=9, min_tokens=9, workflow=a.workflow, node="a"
    )
    assert (len(b.system.split()), len(b.prompt.split()), b.agent, b.max_tokens) == (12, 5, "coder", 256)
    assert (c.prompt, c.agent, c.system) == ("Check:\n\nanswer 2", "c", "")
    assert d.prompt == "answer 3"


def test_steps_of_an_agent_share_their_system_and_not_their_prompt() -> None:
    graph = build(brief("a", a={"system_tokens": 40, "prompt_tokens": 40}), {("a", "a"): 0.9})
    done = cm.run(agent_workflow(graph, "a"), LOCAL, seed=3)
    assert len(done.calls) > 2
    cached = [call.cached_tokens for call in done.calls]
    assert cached[0] == 0
    assert all(40 <= one < 80 for one in cached[1:])


def test_the_same_seed_gives_the_same_bits() -> None:
    many = poisson_sessions(agent_workflow(FORK, "split"), 5.0, 40)
    runs = [cm.run(many, LOCAL, seed=seed) for seed in (4, 4, 5)]
    assert runs[0].result == runs[1].result
    assert runs[0].trace_hash == runs[1].trace_hash != runs[2].trace_hash


def test_paths_do_not_depend_on_how_fast_the_branches_are() -> None:
    uneven = build(dict(FORK.nodes(data=True)) | brief("left", "inner", left={"tool_s": 9.0}, inner={"tool_s": 4.0}),
                   {edge: FORK.edges[edge]["probability"] for edge in FORK.edges})  # fmt: skip

    def paths(graph: Any, call_s: float) -> list[Counter[str]]:
        return [Counter(visit.node for visit in one.visits) for one in sessions_of(graph, "split", 100, call_s)]

    assert paths(FORK, 0.0) == paths(FORK, 1.5) == paths(uneven, 1.5)


@on_both_runtimes
def test_both_worlds_take_the_same_path(make_runtime: Any) -> None:
    """The coroutine needs of a fleet `generate` alone, and of a runtime nothing that one world has not."""
    nodes = brief("split", "left", "right", "inner", "end", split={"fan": "all", "join": "end"}, left={"tool_s": 0.7},
                  inner={"tool_s": 0.3})  # fmt: skip
    graph = build(nodes, {edge: FORK.edges[edge]["probability"] for edge in FORK.edges})

    def log(rt: Runtime) -> list[tuple[str, float]]:
        sessions = on_model(poisson_sessions(agent_workflow(graph, "split"), 2.0, 8), 0.25, rt=rt)
        return [(visit.node, round(visit.end_s, 9)) for session in sessions for visit in session.visits]

    assert log(make_runtime()) == log(SimRuntime())


def test_sessions_arrive_at_their_rate_whatever_they_do() -> None:
    slow = build(brief("a", a={"tool_s": 100.0}), {})
    sessions = sessions_of(slow, "a", 2000)
    gaps = np.diff([0.0, *(session.arrival_s for session in sessions)])
    assert gaps.mean() == pytest.approx(0.2, rel=4 / math.sqrt(2000))
    assert gaps.std() == pytest.approx(0.2, rel=4 * math.sqrt(2 / 2000))
    assert [session.name for session in sessions[:2]] == ["workflow 0", "workflow 1"]
    assert all(session.end_s - session.arrival_s == pytest.approx(100) for session in sessions)
    quick = sessions_of(CODING, "plan", 2000)
    assert [session.arrival_s for session in quick] == pytest.approx([session.arrival_s for session in sessions])


def test_an_endless_cycle_is_stopped_and_named() -> None:
    endless = build(brief("a", "b", "c"), {("a", "b"): 1, ("b", "c"): 1, ("c", "b"): 1})
    with pytest.raises(StepLimit, match="workflow: more than 10 steps, the next one at node 'c'"):
        on_model(agent_workflow(endless, "a", steps=10))
    with pytest.raises(StepLimit, match="workflow 0: more than 10 steps"):
        on_model(poisson_sessions(agent_workflow(endless, "a", steps=10), 1.0, 2), 0.1)


def test_the_limit_counts_the_steps_of_all_branches() -> None:
    """A split into two branches of one step each, and the end: four steps."""
    graph = build(brief("s", "l", "r", "e", s={"fan": "all", "join": "e"}),
                  {("s", "l"): 1, ("s", "r"): 1, ("l", "e"): 1, ("r", "e"): 1})  # fmt: skip
    assert len(on_model(agent_workflow(graph, "s", steps=4))) == 4
    for steps, node in ((3, "e"), (2, "r")):
        with pytest.raises(StepLimit, match=f"more than {steps} steps, the next one at node '{node}'"):
            on_model(agent_workflow(graph, "s", steps=steps))


NODES = brief("a", "b", "c")
LINE: Edges = {("a", "b"): 1.0, ("b", "c"): 0.5}


@pytest.mark.parametrize(
    ("nodes", "edges", "start", "said"),
    [
        (NODES, LINE, "z", "unknown start node 'z'.* Allowed: a, b, c"),
        (NODES, LINE | {("a", "c"): 0.1}, "a", "node 'a': the probabilities of its edges sum to 1.1; at most 1"),
        (NODES, LINE | {("c", "a"): 0.0}, "a", "node 'c': the edge to 'a': probability must be above 0 and at most 1"),
        (NODES, LINE | {("c", "a"): -0.5}, "a", "node 'c': the edge to 'a': .* not -0.5"),
        (NODES, LINE | {("c", "a"): math.nan}, "a", "node 'c': the edge to 'a': .* not nan"),
        (NODES, LINE | {("c", "a"): None}, "a", "node 'c': the edge to 'a': .* not None"),
        (NODES, LINE | {("c", "a"): "1"}, "a", "node 'c': the edge to 'a': .* not '1'"),
        (NODES | brief("d"), LINE, "a", "node 'd': cannot be reached from 'a'"),
        (NODES, LINE, "b", "node 'a': cannot be reached from 'b'"),
        (brief("a", a={"tool_s": -1.0}), {}, "a", "node 'a': tool_s: .* greater than or equal to 0, not -1.0"),
        (brief("a", a={"tool_s": math.inf}), {}, "a", "node 'a': tool_s: .* finite"),
        (brief("a", a={"output_tokens": 0}), {}, "a", "node 'a': output_tokens: .*, not 0"),
        (brief("a", a={"prompt_tokens": 1.5}), {}, "a", "node 'a': prompt_tokens: .*, not 1.5"),
        (brief("a", a={"tools": 1.5}), {}, "a", "attribute of node 'a': 'tools'. Did you mean 'tool_s'"),
        (brief("a", a={"prompt": "x"}), {}, "a", "node 'a': .* give prompt or prompt_tokens, not both"),
        (brief("a", a={"fan": "any"}), {}, "a", "node 'a': fan: .* 'one' or 'all', not 'any'"),
        (brief("a", a={"fan": "all"}), {}, "a", "node 'a': fan \"all\" without an edge"),
        (NODES | brief("a", a={"join": "c"}), LINE, "a", "node 'a': .* join is for a node with fan"),
        (NODES | brief("b", b={"fan": "all", "join": "a"}), {("a", "b"): 1, ("b", "c"): 1}, "a", "join 'a' must be"),
        (NODES | brief("b", b={"fan": "all"}), LINE, "a", "node 'b': the edge to 'c': fan \"all\" takes every"),
    ],
)  # fmt: skip
def test_a_bad_graph_names_the_node(nodes: Nodes, edges: Edges, start: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_graph(build(nodes, edges), start)
    with pytest.raises(UsageError, match=said):
        agent_workflow(build(nodes, edges), start)


def test_what_a_good_graph_may_leave_out() -> None:
    graph: Any = nx.DiGraph([("a", "b")])
    graph.nodes["a"]["fan"] = "all"
    assert {name: step.agent for name, step in check_graph(graph, "a").items()} == {"a": "a", "b": "b"}
    thirds = build(brief("a", "b", "c", "d"), {("a", name): 1 / 3 for name in "bcd"})
    check_graph(thirds, "a")
    numbered: Any = nx.DiGraph([(1, 2)])
    numbered.add_edge(2, "1")
    with pytest.raises(UsageError, match="node 1: the name of a node must be a text"):
        check_graph(numbered, "1")


def test_a_workflow_is_that_of_the_graph_as_it_was() -> None:
    graph = build(brief("a", "b"), {("a", "b"): 1.0})
    workflow = agent_workflow(graph, "a")
    graph.remove_node("b")
    graph.nodes["a"]["tool_s"] = 5.0
    assert [(visit.node, visit.end_s) for visit in on_model(workflow)] == [("a", 0.0), ("b", 0.0)]


@pytest.mark.parametrize(("rate", "workflows", "said"), [(0.0, 1, "rate_per_s"), (1.0, 0, "workflows")])
def test_bad_rates_are_named(rate: float, workflows: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        poisson_sessions(agent_workflow(CODING, "plan"), rate, workflows)
    with pytest.raises(UsageError, match="steps must be a whole number from 1"):
        agent_workflow(CODING, "plan", steps=0)
