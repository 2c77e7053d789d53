"""Schemas at random: the machine accepts what jsonschema calls valid, and writes nothing that it calls invalid."""

import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import Grammar, compile_schema
from commissure.kernels.grammar.errors import GrammarError, OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.lazy import LazyMachine
from commissure.kernels.grammar.schema.settings import Settings, Whitespace
from tests.kernels.grammar.generated import Schemas, near, value
from tests.kernels.grammar.oracle import Unread, read, valid, word, writable

SPACES: tuple[Whitespace, ...] = ("space", "none", "any")
BYTES = b'"{}[],:019ab-.e \\'


def drawn(seed: int, **more: Any) -> tuple[Random, Any, Grammar | None]:
    """A schema and its grammar, None where no value is valid. Every second schema refers to definitions."""
    dice = Random(seed)
    schema = Schemas(dice, ("x", "y") if seed % 2 else ()).whole()
    settings = Settings(formats=False, whitespace=SPACES[seed % 3], **more)
    try:
        return dice, schema, compile_schema(schema, settings, Budget(seconds=20))
    except Unsatisfiable:
        return dice, schema, None


@pytest.mark.parametrize("batch", range(4))
def test_values_and_texts_are_those_of_jsonschema(batch: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(50 * batch, 50 * batch + 50):
        try:
            dice, schema, grammar = drawn(seed)
            seen["compiled"] += 1
            values(seed, dice, schema, grammar, seen)
            if grammar is not None:
                words(seed, dice, schema, grammar, seen)
        except (GrammarError, RecursionError):
            seen["refused, or endless for jsonschema too"] += 1
    assert seen["compiled"] >= 45
    assert seen["valid"] >= 150
    assert seen["invalid"] >= 150
    assert seen["words"] >= 200


def values(seed: int, dice: Random, schema: Any, grammar: Grammar | None, seen: Counter[str]) -> None:
    """Values near what the schema asks for can be written if they are valid, and only then."""
    for _ in range(12):
        one = near(dice, schema, schema) if dice.random() < 0.85 else value(dice)
        good = valid(schema, one)
        seen["valid" if good else "invalid"] += 1
        assert (grammar is not None and writable(grammar.machine, one)) == good, f"{seed}: {json.dumps(schema)} | {one}"


def words(seed: int, dice: Random, schema: Any, grammar: Grammar, seen: Counter[str]) -> None:
    """Texts that the machine writes at random are JSON and valid."""
    for _ in range(8):
        text = word(grammar.machine, dice)
        try:
            good = text is None or valid(schema, read(text))
        except Unread:
            continue
        seen["words"] += text is not None
        assert good, f"{seed}: {json.dumps(schema)} | {text!r}"


def test_what_is_closed_is_a_part() -> None:
    shorter = 0
    for seed in range(1_000, 1_050):
        dice, schema, closed = Random(seed), None, None
        try:
            dice, schema, closed = drawn(seed, closed=True)
            _, _, whole = drawn(seed)
        except GrammarError:
            continue
        if closed is None or whole is None:
            continue
        shorter += len(closed.built.rules.edges) < len(whole.built.rules.edges)
        for _ in range(5):
            text = word(closed.machine, dice)
            assert text is None or whole.accepts(text), f"{json.dumps(schema)} | {text!r}"
    assert shorter >= 3


def test_all_states_at_once_say_what_the_machine_says() -> None:
    seen: Counter[str] = Counter()
    for seed in range(2_000, 2_060):
        try:
            dice, schema, grammar = drawn(seed)
            if grammar is None:
                continue
            flat, depth = compile_schema(schema, grammar.settings, Budget(states=3_000)).flat()
        except (OverBudget, GrammarError):
            continue
        seen["flat"] += 1
        cut = LazyMachine(grammar.built, depth)
        for _ in range(6):
            text = word(cut, dice)
            for _ in range(5 if text is not None else 0):
                assert text is not None
                accepted = flat.automaton.accepts(text)
                assert accepted == cut.accepts(text), f"{seed}: {json.dumps(schema)} | {text!r}"
                assert grammar.accepts(text) or not accepted
                seen["accepted" if accepted else "refused"] += 1
                text = bitten(dice, text)
    assert seen["flat"] >= 15
    assert min(seen["accepted"], seen["refused"]) >= 50


def bitten(dice: Random, text: bytes) -> bytes:
    """The text with a byte more, less, or another."""
    at, width = dice.randint(0, len(text)), dice.randrange(2)
    return text[:at] + bytes([dice.choice(BYTES)])[: dice.randrange(2) or 1 - width] + text[at + width :]


def test_the_judge_tells_right_from_wrong() -> None:
    """A machine of another schema is found out: the comparison above can fail."""
    found = 0
    for seed in range(40):
        try:
            dice, schema, _ = drawn(seed)
            _, _, other = drawn(seed + 1)
            values(seed, dice, schema, other, Counter())
        except AssertionError:
            found += 1
        except (GrammarError, RecursionError):
            continue
    assert found >= 20
