"""How long schemas take to compile, beside llguidance in the same run, and what a long text costs in memory."""

import importlib.util
import json
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import pytest

from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.errors import GrammarError, NotRegular, Unsatisfiable
from commissure.kernels.grammar.fallback import FallbackGrammar
from commissure.kernels.grammar.runtime.fallback import FallbackMatcher, FallbackTokens
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary, load
from tests.kernels.grammar.test_bfcl import SCHEMAS

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not SCHEMAS, reason="needs the data of the package bfcl_eval"),
    pytest.mark.skipif(not importlib.util.find_spec("llguidance"), reason="needs the package llguidance"),
]
DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[2] / "shared" / "data")
SUITE = DATA / "json_schema_test_suite" / "tests" / "draft2020-12"


def vocabulary() -> Vocabulary:
    """128,256 tokens, or 151 thousand, or whichever is installed."""
    for name in ("llama3", "qwen", "smollm2"):
        try:
            return load(name)
        except Exception as error:
            missing = error
    pytest.skip(f"needs an installed vocabulary: {missing}")


def timed(compile_one: Callable[[Any], object], schemas: list[Any]) -> tuple[list[float], Counter[str]]:
    """Seconds of each schema that is compiled; how many have no value, and how many are refused."""
    seconds, others = [], Counter[str]()
    for schema in schemas:
        begun = perf_counter()
        try:
            compile_one(schema)
        except Unsatisfiable:
            others["empty"] += 1
        except GrammarError:
            others["refused"] += 1
        else:
            seconds.append(perf_counter() - begun)
    return seconds, others


def shown(name: str, found: tuple[list[float], Counter[str]]) -> str:
    """One line: the share compiled, and the times."""
    seconds, others = found
    cuts = quantiles(seconds, n=100)
    times = " / ".join(f"{1e3 * cuts[place]:8.2f}" for place in (49, 89, 98))
    return f"{name:<34} {len(seconds):4} compiled, {others['refused']:3} refused, {others['empty']:2} empty; ms {times}"


def test_compiling() -> None:
    words = vocabulary()
    tokens = FallbackTokens(words)

    def flat(schema: Any, closed: bool = False) -> Any:
        return compile_schema(schema, Settings(closed=closed), Budget(seconds=10)).flat()[0].automaton

    def tables(schema: Any) -> object:
        return TokenTables.build(flat(schema, True), words, Meter(Budget(seconds=20)))

    suite = [case["schema"] for file in sorted(SUITE.glob("*.json")) for case in json.loads(file.read_text())]
    suite = [schema for schema in suite if isinstance(schema, dict)]
    print(f"\n{words.name}, {words.size:,} tokens; p50 / p90 / p99")
    ours: dict[str, tuple[list[float], Counter[str]]] = {}
    for name, schemas in (("BFCL", SCHEMAS[::3]), ("suite", suite)):
        if not schemas:
            continue
        ours[name] = timed(flat, schemas)
        peer = timed(lambda schema: FallbackMatcher(schema, tokens), schemas)
        print(shown(f"{name}, flat automaton", ours[name]))
        print(shown(f"{name}, closed", timed(lambda schema: flat(schema, True), schemas)))
        print(shown(f"{name}, llguidance", peer))
        assert len(ours[name][0]) + ours[name][1]["empty"] >= len(peer[0])
    print(shown("BFCL, closed, with token tables", timed(tables, SCHEMAS[::30])))
    assert ours["BFCL"][1].total() == 0
    assert quantiles(ours["BFCL"][0], n=10)[8] < 1


def test_a_long_text_takes_little_memory() -> None:
    schema = {
        "type": "object",
        "properties": {"note": {"type": "string", "maxLength": 4096}},
        "required": ["note"],
        "additionalProperties": False,
    }
    compile_schema(schema).flat()
    tracemalloc.start()
    flat, _ = compile_schema(schema).flat()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert FallbackGrammar(schema, NotRegular("", "", "asked for")).accepts('{"note":"a"}')
    print(f"\nmaxLength 4096: {flat.automaton.states} states, {peak / 2**20:.2f} MiB at most")
    assert peak < 16 * 2**20
