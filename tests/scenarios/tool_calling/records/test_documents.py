"""Generated documents: their answers are valid, right, short and in the text; what is drawn hangs on the seed."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.kernels.grammar import Settings, compile_schema
from commissure.scenarios.tool_calling.records import documents as module
from commissure.scenarios.tool_calling.records.documents import documents, known_families
from commissure.scenarios.tool_calling.records.family import Family, room_tokens
from commissure.scenarios.tool_calling.records.field_match import field_match
from commissure.scenarios.tool_calling.records.names import MONTHS
from commissure.scenarios.tool_calling.records.orders import WORDS
from commissure.scenarios.tool_calling.records.record import Record

FAMILIES = ("invoices", "labels", "listings", "orders", "tickets")
# The seeds of measurements are 0 to 99; nothing is tuned on them.
SEED = 2000
SPOKEN = {"EUR": "euros", "USD": "US dollars", "GBP": "pounds", "CHF": "Swiss francs"}
# Said by meaning, not by letters.
MEANT = {("listings", "in_stock"), ("labels", "kind")}


def examples_of(family: Family) -> list[tuple[str, Any]]:
    """Texts with their answers: the fixed ones, and thirty drawn."""
    drawn = ((one.asked.prompt.source, one.truth) for one in documents(SEED, 30, (family.name,)))
    return [*family.examples, *drawn]


families = pytest.mark.parametrize("family", [known_families()[name] for name in FAMILIES], ids=FAMILIES)


def test_a_family_is_a_file() -> None:
    assert tuple(known_families()) == FAMILIES


@families
def test_answers_are_valid_and_right(family: Family) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, which judges the answers, is not installed")
    # As decimals: of floats jsonschema takes 24.99 for no multiple of 0.01.
    schema = json.loads(json.dumps(family.schema), parse_float=Decimal)
    judge = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    judge.check_schema(schema)
    grammars = [compile_schema(family.schema, Settings(whitespace=whitespace)) for whitespace in ("space", "any")]
    for _, truth in examples_of(family):
        text = json.dumps(truth)
        judge.validate(json.loads(text, parse_float=Decimal))
        assert all(grammar.accepts(text) for grammar in grammars)
        score = field_match(truth, json.loads(text))
        assert score.right
        assert score.share == 1
        assert len(text) < room_tokens(family.schema)


@families
def test_what_is_asked_for_stands_in_the_text(family: Family) -> None:
    for text, truth in examples_of(family):
        for name, value in truth.items():
            if (family.name, name) not in MEANT:
                assert stands(text, name, value), f"{name}={value!r} is not in {text!r}"


def stands(text: str, name: str, value: Any) -> bool:
    """Whether one of the forms of a value is in a text, as a word of its own."""
    if value is None:
        return len(days_in(text)) == 1
    if isinstance(value, list):
        return all(stands(text, key, each) for one in value for key, each in one.items())
    return any(re.search(rf"(?<![\w,.-]){re.escape(form)}(?!\w|[,.]\d)", text) for form in forms(text, name, value))


def forms(text: str, name: str, value: Any) -> list[str]:
    if name == "quantity":
        return [str(value), *WORDS[value - 2 : value - 1]]
    if isinstance(value, int | float):
        return [f"{value:,.2f}"]
    if name == "currency":
        return [value, SPOKEN[value]]
    if name.endswith("_date"):
        return [form for form in days_in(text) if read_day(form) == date.fromisoformat(value)]
    return [value]


def days_in(text: str) -> list[str]:
    month = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS)
    return re.findall(rf"\d{{4}}-\d\d-\d\d|\d+ (?:{month}) \d{{4}}|(?:{month}) \d+, \d{{4}}", text)


def read_day(form: str) -> date:
    if re.fullmatch(r"[\d-]+", form):
        return date.fromisoformat(form)
    named = re.search("[A-Z][a-z]+", form)
    assert named
    month = next(place for place, name in enumerate(MONTHS, 1) if name.startswith(named[0]))
    day, year = (int(digits) for digits in re.findall(r"\d+", form))
    return date(year, month, day)


def test_sums_and_dates_hold() -> None:
    for _, truth in examples_of(known_families()["orders"]):
        cents = sum(one["quantity"] * round(100 * one["unit_price"]) for one in truth["items"])
        assert cents == round(100 * truth["total"])
    for _, truth in examples_of(known_families()["invoices"]):
        if truth["due_date"] is not None:
            later = date.fromisoformat(truth["due_date"]) - date.fromisoformat(truth["issue_date"])
            assert timedelta(0) < later < timedelta(60)


@families
def test_texts_are_short_and_varied_and_truths_differ(family: Family) -> None:
    drawn = documents(SEED, 100, (family.name,))
    sentences = [len(re.findall(r"[.?!](?= |$)", one.asked.prompt.source)) for one in drawn]
    assert min(sentences) >= 1
    assert max(sentences) <= 4
    for name, schema in family.properties.items():
        told = {json.dumps(one.truth[name]) for one in drawn}
        few = schema.get("enum") or ([True, False] if schema.get("type") == "boolean" else None)
        assert len(told) == len(few) if few else len(told) > 50, name


@families
def test_the_prompt_is_short_and_shared_up_to_the_text(family: Family) -> None:
    drawn = [one.asked for seed in (SEED, SEED + 1) for one in documents(seed, 5, (family.name,))]
    shared = {asked.prompt.text.removesuffix(f"{asked.prompt.source}\nJSON:") for asked in drawn}
    assert len(shared) == 1
    assert len({json.dumps(asked.schema) for asked in drawn}) == 1
    # Under four characters a token: some 150 to 500 tokens of small models.
    assert all(400 < len(asked.prompt.text) < 1600 for asked in drawn)


@families
def test_room_is_enough_for_the_longest_answer(family: Family) -> None:
    longest = json.dumps(longest_of(family.schema))
    assert compile_schema(family.schema).accepts(longest)
    assert len(longest) < room_tokens(family.schema) <= len(longest) + 32


def longest_of(schema: dict[str, Any]) -> Any:
    """A value whose text is as long as any."""
    if "anyOf" in schema:
        return longest_of(schema["anyOf"][0])
    if "enum" in schema:
        return max(schema["enum"], key=len)
    if schema["type"] == "object":
        return {name: longest_of(each) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        return [longest_of(schema["items"])] * schema["maxItems"]
    if schema["type"] == "string":
        return "2026-12-31" if schema.get("format") == "date" else "\x01" * schema["maxLength"]
    return schema.get("maximum", False)


@given(st.integers(1000, 2**40), st.integers(0, 12), st.lists(st.sampled_from(FAMILIES), unique=True, min_size=1))
@settings(max_examples=40, deadline=None)
def test_records_are_balanced_and_each_hangs_on_its_place_only(seed: int, count: int, names: list[str]) -> None:
    drawn = documents(seed, count, names)
    shares = [sum(one.family == name for one in drawn) for name in names]
    assert sum(shares) == len(drawn) == count
    assert max(shares) - min(shares) <= 1
    assert [one.family for one in drawn] == sorted((one.family for one in drawn), key=names.index)
    for name, share in zip(names, shares, strict=True):
        alone = [one for one in documents(seed, share + 3, (name,))][:share]
        assert said(alone) == said([one for one in drawn if one.family == name])


def said(records: list[Record]) -> list[tuple[str, str, Any]]:
    return [(one.id, one.asked.prompt.text, one.truth) for one in records]


def test_no_two_are_equal() -> None:
    drawn = [*documents(SEED, 600), *documents(SEED + 1, 5)]
    assert len({one.id for one in drawn}) == len(drawn)
    texts = [one.asked.prompt.source for one in drawn[:600]]
    fixed = [text for family in known_families().values() for text, _ in family.examples]
    assert len({*texts, *fixed}) == len(texts) + len(fixed)


def test_a_text_that_there_is_already_is_drawn_anew_until_a_family_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Family(
        "few", "Say it.", {"n": {"enum": ["a", "b", "c"]}}, (("c", {"n": "c"}),),
        lambda dice: (lambda n: (n, {"n": n}))(dice.choice("abc")),
    )  # fmt: skip
    monkeypatch.setattr(module, "known_families", lambda: {"few": few})
    assert sorted(one.truth["n"] for one in documents(1, 2)) == ["a", "b"]
    with pytest.raises(UsageError, match="'few' has no more than about 2 texts: ask for fewer"):
        documents(1, 3)


def test_other_processes_draw_the_same() -> None:
    program = (
        "from commissure.scenarios.tool_calling.records.documents import documents\n"
        f"print([(one.id, one.asked.prompt.text, one.truth) for one in documents({SEED}, 20)])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": hashed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for hashed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1] == f"{said(list(documents(SEED, 20)))}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 3, ("listing",)), "listings"),
        ((1, 3, ("orders", "orders")), "'orders' is named twice"),
        ((1, -1), "0 or more, not -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        documents(*arguments)
