"""What llguidance compiles too: both accept the same texts, order of members included."""

import importlib.util
import json
from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.errors import GrammarError, NotRegular, Unsatisfiable
from commissure.kernels.grammar.fallback import FallbackGrammar
from commissure.kernels.grammar.schema.settings import Settings
from tests.kernels.grammar.generated import Schemas, near
from tests.kernels.grammar.oracle import Unread, read, word

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("llguidance"), reason="needs the package llguidance")


def test_texts_are_those_of_llguidance() -> None:
    seen: Counter[str] = Counter()
    for seed in range(300):
        dice = Random(seed)
        schema = Schemas(dice, ("x", "y") if seed % 2 else ()).whole(2)
        # What they refuse is theirs; true and false alone they do not read.
        try:
            peer = FallbackGrammar(schema, NotRegular("", "", "asked for")) if isinstance(schema, dict) else None
            ours = compile_schema(schema, Settings(formats=False, whitespace="none"), Budget(seconds=10))
        except Unsatisfiable:
            assert peer is None, f"{seed}: {json.dumps(schema)}"
            continue
        except GrammarError:
            continue
        if peer is None:
            continue
        seen["both"] += 1
        values = [near(dice, schema, schema) for _ in range(6)]
        for text in (word(ours.machine, dice) for _ in range(6)):
            try:
                values += [] if text is None else [read(text)]
            except Unread:
                continue
        for text in {plain(value) for value in values}:
            # They want DEL escaped, and no exponent in a number that has a bound.
            if b"\x7f" in text or b"e-" in text or b"e+" in text:
                continue
            accepted = ours.accepts(text)
            seen["accepted" if accepted else "refused"] += 1
            assert peer.accepts(text) == accepted, f"{seed}: {json.dumps(schema)} | {text!r}"
    assert seen["both"] >= 50
    assert min(seen["accepted"], seen["refused"]) >= 100


def plain(value: Any) -> bytes:
    """The value's text as both write it: nothing escaped without need, 1 for 1.0."""
    return json.dumps(tidy(value), ensure_ascii=False, separators=(",", ":")).encode()


def tidy(value: Any) -> Any:
    """The value with its numbers as they are plainest."""
    if isinstance(value, list):
        return [tidy(one) for one in value]
    if isinstance(value, dict):
        return {name: tidy(one) for name, one in value.items()}
    if isinstance(value, float | Fraction):
        return int(value) if value == int(value) else float(value)
    return value
