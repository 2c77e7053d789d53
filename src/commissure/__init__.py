"""Commissure: which model, on which chip, does which part of an agent's work; simulated, bounded, run live.

The public names below load on first use, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commissure.hal.call import CacheHint, Call, Image, Message, Tool, ToolCall
    from commissure.hal.capabilities import Capabilities
    from commissure.hal.clock.live import LiveRuntime
    from commissure.hal.endpoint import Endpoint, Status
    from commissure.hal.errors import (
        BudgetExceeded,
        CircuitOpen,
        CommissureError,
        Disconnected,
        EndpointError,
        MalformedReply,
        MissingExtra,
        ModelRetired,
        NoAnswer,
        NoAnswerInTime,
        NotRecorded,
        QuotaExhausted,
        RateLimited,
        Refused,
        ServerFault,
        StreamFailed,
        TruncatedStream,
        Unreachable,
        Unsupported,
        UsageError,
    )
    from commissure.hal.eviction import Evictor, Moment, Plan, Prefetcher, Resident
    from commissure.hal.fleets.fleet import Fleet
    from commissure.hal.fleets.open_fleet import OpenFleet
    from commissure.hal.journal import CallRecord
    from commissure.hal.ledger import Amount, Budget, Ledger
    from commissure.hal.placement import Placer, PrefillOption
    from commissure.hal.policy import Candidate, FleetStatus, Router
    from commissure.hal.profiles.profile import Profile
    from commissure.hal.reply import Choice, Chunk, Logprob, Reply, Timing, Usage, join
    from commissure.hal.runtime import Runtime
    from commissure.hal.telemetry import span_listener
    from commissure.policies.cache import build_evictor
    from commissure.policies.ensemble.sample import NO_DECISION, Decision, Question, Sample
    from commissure.policies.ensemble.selector import Selector
    from commissure.policies.ensemble.selectors import build_selector
    from commissure.policies.placement import build_placer
    from commissure.policies.prefetch import build_prefetcher
    from commissure.policies.recursion.ask import Answer, Ask, Failed, Limits, Said
    from commissure.policies.recursion.delegation import build_delegation
    from commissure.policies.recursion.delegation.delegation import Delegation
    from commissure.policies.recursion.strategies import build_strategy
    from commissure.policies.recursion.strategies.strategy import Options, Task
    from commissure.policies.recursion.tree import Tree
    from commissure.policies.routing import build_router
    from commissure.scenarios.run import Run, run
    from commissure.sim.behaviour import Behaviour
    from commissure.sim.replay.columns import Columns, Slo
    from commissure.sim.replay.run import replay
    from commissure.sim.replay.summary import summary
    from commissure.sim.runtime import SimRuntime
    from commissure.sim.workload.reader import read_trace
    from commissure.sim.workload.sessions import poisson_sessions
    from commissure.sim.workload.trace import Trace
    from commissure.sim.workload.walk import agent_workflow

_HOME = {
    "hal.call": "CacheHint Call Image Message Tool ToolCall",
    "hal.reply": "Choice Chunk Logprob Reply Timing Usage join",
    "hal.capabilities": "Capabilities",
    "hal.endpoint": "Endpoint Status",
    "hal.errors": "BudgetExceeded CircuitOpen CommissureError Disconnected EndpointError MalformedReply "
    "MissingExtra ModelRetired NoAnswer NoAnswerInTime NotRecorded QuotaExhausted RateLimited "
    "Refused ServerFault StreamFailed TruncatedStream Unreachable Unsupported UsageError",
    "hal.fleets.fleet": "Fleet",
    "hal.journal": "CallRecord",
    "hal.ledger": "Amount Budget Ledger",
    "hal.fleets.open_fleet": "OpenFleet",
    "hal.clock.live": "LiveRuntime",
    "hal.eviction": "Evictor Moment Plan Prefetcher Resident",
    "hal.placement": "Placer PrefillOption",
    "hal.policy": "Candidate FleetStatus Router",
    "hal.profiles.profile": "Profile",
    "hal.runtime": "Runtime",
    "hal.telemetry": "span_listener",
    "policies.cache": "build_evictor",
    "policies.placement": "build_placer",
    "policies.prefetch": "build_prefetcher",
    "policies.routing": "build_router",
    "policies.ensemble.sample": "NO_DECISION Decision Question Sample",
    "policies.ensemble.selector": "Selector",
    "policies.ensemble.selectors": "build_selector",
    "policies.recursion.ask": "Answer Ask Failed Limits Said",
    "policies.recursion.delegation": "build_delegation",
    "policies.recursion.delegation.delegation": "Delegation",
    "policies.recursion.strategies": "build_strategy",
    "policies.recursion.strategies.strategy": "Options Task",
    "policies.recursion.tree": "Tree",
    "scenarios.run": "Run run",
    "sim.behaviour": "Behaviour",
    "sim.replay.columns": "Columns Slo",
    "sim.replay.run": "replay",
    "sim.replay.summary": "summary",
    "sim.runtime": "SimRuntime",
    "sim.workload.reader": "read_trace",
    "sim.workload.sessions": "poisson_sessions",
    "sim.workload.trace": "Trace",
    "sim.workload.walk": "agent_workflow",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "NO_DECISION", "Amount", "Answer", "Ask", "Behaviour", "Budget", "BudgetExceeded", "CacheHint", "Call",
    "CallRecord", "Candidate", "Capabilities", "Choice", "Chunk", "CircuitOpen", "Columns", "CommissureError",
    "Decision", "Delegation", "Disconnected", "Endpoint", "EndpointError", "Evictor", "Failed", "Fleet",
    "FleetStatus", "Image", "Ledger", "Limits", "LiveRuntime", "Logprob", "MalformedReply", "Message", "MissingExtra",
    "ModelRetired", "Moment", "NoAnswer", "NoAnswerInTime", "NotRecorded", "OpenFleet", "Options", "Placer", "Plan",
    "Prefetcher", "PrefillOption", "Profile", "Question", "QuotaExhausted", "RateLimited", "Refused", "Reply",
    "Resident", "Router", "Run", "Runtime", "Said", "Sample", "Selector", "ServerFault", "SimRuntime", "Slo",
    "Status", "StreamFailed", "Task", "Timing", "Tool", "ToolCall", "Trace", "Tree", "TruncatedStream", "Unreachable",
    "Unsupported", "Usage", "UsageError", "agent_workflow", "build_delegation", "build_evictor", "build_placer",
    "build_prefetcher", "build_router", "build_selector", "build_strategy", "join", "poisson_sessions", "read_trace",
    "replay", "run", "span_listener", "summary",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("commissure")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'commissure' has no attribute {name!r}")
    return getattr(import_module(f"commissure.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
