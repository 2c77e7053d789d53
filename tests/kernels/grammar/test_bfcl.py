"""The functions of BFCL: every schema compiles, and the answers that the benchmark gives can be written."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.schema.settings import Settings

TYPES = {"dict": "object", "float": "number", "tuple": "array", "HashMap": "object", "any": None}
"""Types as Python or Java name them."""
ORDER = ("simple_python", "multiple")


def data() -> Path | None:
    """Where the package keeps its data; its code is not imported."""
    found = find_spec("bfcl_eval")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) / "data" if places else None


def standard(schema: Any) -> Any:
    """A schema of the benchmark as JSON Schema."""
    if isinstance(schema, list):
        return [standard(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "type" and isinstance(value, str):
            kind = TYPES.get(value, value)
            found |= {"type": kind} if kind else {}
        elif name == "properties":
            found[name] = {key: standard(below) for key, below in value.items()}
        elif name in ("items", "additionalProperties"):
            found[name] = standard(value)
        elif name not in ("optional", "default", "description"):
            found[name] = value
    return found


def lines(path: Path) -> list[Any]:
    """A file of one JSON value a line."""
    return [json.loads(line) for line in path.read_text().splitlines()]


DATA = data()
FUNCTIONS: dict[str, dict[str, Any]] = {
    entry["id"]: {function["name"]: standard(function["parameters"]) for function in entry["function"]}
    for name in (ORDER if DATA else ())
    for entry in lines((DATA or Path()) / f"BFCL_v4_{name}.json")
}
SCHEMAS: list[Any] = [schema for functions in FUNCTIONS.values() for schema in functions.values()]

pytestmark = pytest.mark.skipif(not SCHEMAS, reason="needs the data of the package bfcl_eval")


def test_every_function_compiles_and_its_answers_can_be_written(record_property: Any) -> None:
    assert DATA is not None
    answers = {entry["id"]: entry["ground_truth"] for name in ORDER for entry in lines(answers_of(DATA, name))}
    written = refused = 0
    for number, (identity, functions) in enumerate(FUNCTIONS.items()):
        settings = Settings(closed=True, whitespace=("none", "space", "any")[number % 3])
        grammars = {name: compile_schema(schema, settings) for name, schema in functions.items()}
        for name, allowed in answers[identity][0].items():
            properties = functions[name]["properties"]
            answer = {key: choice(allowed[key]) for key in properties if key in allowed and present(allowed[key])}
            if grammars[name].accepts(json.dumps(answer, ensure_ascii=False, separators=(",", ":"))):
                written += 1
            else:
                refused += 1
    record_property("BFCL", f"{len(SCHEMAS)} functions compiled; {written} of {written + refused} answers written")
    assert len(SCHEMAS) > 800
    # Two answers leave out a member that their own function requires.
    assert refused <= 2


def answers_of(data: Path, name: str) -> Path:
    """The file of possible answers."""
    return data / "possible_answer" / f"BFCL_v4_{name}.json"


def present(allowed: list[Any]) -> bool:
    """Whether the member has to be there: an empty text among the allowed says that it may be left out."""
    return "" not in allowed


def choice(allowed: Any) -> Any:
    """The first allowed value; objects hold lists of allowed values in turn."""
    first = allowed[0]
    if isinstance(first, dict):
        return {key: choice(below) for key, below in first.items() if present(below)}
    if isinstance(first, list) and first and isinstance(first[0], dict):
        return [{key: choice(below) for key, below in one.items() if present(below)} for one in first]
    return first
