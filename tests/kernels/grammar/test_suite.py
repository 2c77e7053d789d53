"""The JSON Schema test suite, draft 2020-12: nothing invalid is accepted, and what is valid can be written."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from commissure.kernels.grammar.automaton import START
from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import Grammar, compile_schema
from commissure.kernels.grammar.errors import GrammarError, OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.lazy import LazyMachine
from commissure.kernels.grammar.schema.settings import Settings
from tests.kernels.grammar.oracle import after

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[4] / "shared" / "data")
SUITE = DATA / "json_schema_test_suite" / "tests" / "draft2020-12"
OPTIONAL = (
    *(f"optional/{name}" for name in ("anchor", "bignum", "dependencies-compatibility", "ecmascript-regex", "id")),
    *(f"optional/{name}" for name in ("no-schema", "non-bmp-regex", "refOfUnknownKeyword", "unknownKeyword")),
)
NAMED = {
    "validation of A-label (punycode) host names": "what a label stands for takes an encoder, not an automaton",
    "validation of an internationalized e-mail addresses": "a mark that may be composed is left out",
    "schema that uses custom metaschema with with no validation vocabulary": "vocabularies are not read",
}
"""Cases of which some valid values cannot be written, and why."""
REFUSED = {
    ("InvalidSchema", "$ref"): 22,
    ("NotRegular", "$dynamicRef"): 13,
    ("NotRegular", "contains"): 3,
    ("NotRegular", "format"): 9,
    ("NotRegular", "multipleOf"): 1,
    ("NotRegular", "unevaluatedItems"): 6,
    ("NotRegular", "unevaluatedProperties"): 11,
    ("NotRegular", "uniqueItems"): 2,
}
"""How many schemas are refused, by keyword; `$ref` to the meta-schema and other documents, which are not fetched."""

pytestmark = pytest.mark.skipif(not SUITE.exists(), reason="needs the JSON Schema test suite in the shared data")


@dataclass
class Tally:
    """What became of the suite."""

    schemas: int = 0
    flat: int = 0
    verdicts: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unflat: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


def cases() -> list[tuple[str, dict[str, Any]]]:
    """Each schema of the suite with the file that it stands in."""
    files = [
        *SUITE.glob("*.json"),
        *SUITE.glob("optional/format/*.json"),
        *(SUITE / f"{name}.json" for name in OPTIONAL),
    ]
    found = sorted((str(file.relative_to(SUITE))[:-5], file) for file in files)
    return [(name, case) for name, file in found for case in json.loads(file.read_text())]


def test_the_suite(record_property: Any) -> None:
    tally = Tally()
    for name, case in cases():
        tally.schemas += 1
        # In this file alone formats say nothing, as the draft has it by default.
        settings = Settings(formats=name != "format", whitespace="none")
        try:
            grammar = compile_schema(case["schema"], settings, Budget(states=2_000))
        except Unsatisfiable:
            grammar = None
        except GrammarError as error:
            tally.refused[type(error).__name__, error.keyword] += 1
            continue
        for test in case["tests"]:
            judge(tally, grammar, f"{name}: {case['description']}: {test['description']}", case["description"], test)
        if grammar is not None:
            unroll(tally, grammar, name, case)
    record_property("JSON Schema suite", shown(tally))
    assert tally.wrong == []
    assert [lost for lost in tally.lost if lost[1] not in NAMED] == []
    assert {case for _, case in tally.lost} == set(NAMED)
    assert tally.differing == []
    assert all(count <= REFUSED.get(kind, 0) for kind, count in tally.refused.items()), tally.refused
    assert tally.schemas - tally.refused.total() - tally.flat <= 20, tally.unflat
    assert tally.verdicts.total() > 1_800


def judge(tally: Tally, grammar: Grammar | None, title: str, case: str, test: dict[str, Any]) -> None:
    """One value: whether it can be written with its members in some order, as it is or in ASCII."""
    written = grammar is not None and any(
        spelled(grammar.machine, test["data"], ascii_only) for ascii_only in (False, True)
    )
    tally.verdicts[test["valid"], written] += 1
    if written and not test["valid"]:
        tally.wrong.append(title)
    elif test["valid"] and not written:
        tally.lost.append((title, case))


def spelled(machine: LazyMachine, value: Any, ascii_only: bool) -> bool:
    """Whether the machine accepts the value in some order of its members."""
    return any(machine.accepting(state) for state, _ in after(machine, {(START, 0)}, value, ascii_only))


def unroll(tally: Tally, grammar: Grammar, name: str, case: dict[str, Any]) -> None:
    """The automaton with all states says what the machine says, cut off at its depth."""
    try:
        flat, depth = grammar.flat()
    except (OverBudget, Unsatisfiable) as error:
        tally.unflat[error.reason[:20]] += 1
        return
    tally.flat += 1
    exact = LazyMachine(grammar.built, depth)
    for test in case["tests"]:
        text = json.dumps(test["data"], ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
        if flat.automaton.accepts(text) != exact.accepts(text):
            tally.differing.append(f"{name}: {case['description']}: {test['description']}")


def shown(tally: Tally) -> str:
    """One line for the terminal."""
    valid = sum(count for (good, _), count in tally.verdicts.items() if good)
    refusals = ", ".join(f"{keyword} {count}" for (_, keyword), count in sorted(tally.refused.items()))
    return (
        f"{tally.schemas} schemas, {tally.refused.total()} refused ({refusals}); {valid - len(tally.lost)} of {valid}"
        f" valid values written, {len(tally.wrong)} of {tally.verdicts.total() - valid} invalid; {tally.flat} flat"
    )
