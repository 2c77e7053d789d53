"""Every refusal names where, what and why; budgets are kept; nothing but a GrammarError comes out of a bad schema."""

import pickle
from time import perf_counter
from typing import Any

import pytest

from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.errors import GrammarError, InvalidSchema, NotRegular, OverBudget, Unsatisfiable
from commissure.kernels.grammar.schema.settings import Settings

WRONG: dict[str, Any] = {
    **dict.fromkeys(("type", "pattern", "format", "items", "contains", "not", "if", "additionalProperties", "$ref"), 5),
    **{
        key: [] for key in ("properties", "patternProperties", "dependentRequired", "dependentSchemas", "propertyNames")
    },
    **{key: {} for key in ("enum", "prefixItems", "allOf", "anyOf", "oneOf")},
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "1"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), -1),
    **dict.fromkeys(("required", "dependencies", "unevaluatedProperties", "unevaluatedItems"), "a"),
    "uniqueItems": 1,
    "$dynamicRef": {},
}


@pytest.mark.parametrize("keyword", WRONG)
def test_a_keyword_of_the_wrong_type_is_named(keyword: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        compile_schema({"properties": {"a/b": {keyword: WRONG[keyword]}}})
    assert f"{caught.value.pointer}/{caught.value.keyword}".rstrip("/") == f"/properties/a~1b/{keyword}"
    assert str(WRONG[keyword]).strip("'") in caught.value.reason
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


Case = tuple[Any, type[GrammarError], str, str, str]
DEEP = {
    "type": "object",
    "properties": {"a": {"properties": {"b": {"minLength": 3, "maxLength": 2, "type": "string"}}}},
}
DEEP["required"] = ["a"]
DEEP["properties"]["a"] |= {"type": "object", "required": ["b"]}  # type: ignore[index]
CASES: dict[str, Case] = {
    "true for a number": ({"minimum": True}, InvalidSchema, "", "minimum", "must be a number, not true"),
    "true for a count": ({"maxLength": True}, InvalidSchema, "", "maxLength", "must be a number, not true"),
    "half a count": ({"maxLength": 1.5}, InvalidSchema, "", "maxLength", "a whole number"),
    "an unknown type": ({"type": "int"}, InvalidSchema, "", "type", "allowed: null, boolean, number, integer"),
    "types in types": ({"type": [["string"]]}, InvalidSchema, "", "type", "unknown type"),
    "no type": ({"type": []}, InvalidSchema, "", "type", "at least one"),
    "no part": ({"anyOf": []}, InvalidSchema, "", "anyOf", "at least one"),
    "required of draft 3": ({"properties": {"a": {"required": True}}}, InvalidSchema, "/properties/a", "required", ""),
    "a name that is none": ({"required": [1]}, InvalidSchema, "", "required", "an array of names"),
    "multiples of nothing": ({"multipleOf": 0}, InvalidSchema, "", "multipleOf", "above 0"),
    "an array of schemas": (
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "items": [{}]},
        InvalidSchema,
        "",
        "items",
        "prefixItems",
    ),
    "no number": ({"minimum": float("nan")}, InvalidSchema, "/minimum", "", "NaN is no JSON value"),
    "no number in text": ('{"enum": [Infinity]}', InvalidSchema, "/enum/0", "", "no JSON value"),
    "no JSON value": ({"enum": [object]}, InvalidSchema, "/enum/0", "", "no JSON value"),
    "a name that is no string": ({"properties": {1: {}}}, InvalidSchema, "/properties", "", "must be a string, not 1"),
    "twice in text": ('{"type": "string", "type": "null"}', InvalidSchema, "", "", '"type" stands twice'),
    "no JSON": ('{"type"', InvalidSchema, "", "", "no JSON"),
    "not text either": (b"\xff\xfe{", InvalidSchema, "", "", "no JSON"),
    "no schema": ([], InvalidSchema, "", "", "an object, true or false, not []"),
    "near a definition": ({"$ref": "#/$defs/itm", "$defs": {"item": {}}}, InvalidSchema, "", "$ref", "'#/$defs/item'"),
    "near an anchor": ({"$ref": "#her", "$defs": {"a": {"$anchor": "here"}}}, InvalidSchema, "", "$ref", "'#here'"),
    "near elsewhere": ({"$ref": "#/x/y/Pt", "x": {"y": {"Pet": {}}}}, InvalidSchema, "", "$ref", "'#/x/y/Pet'"),
    "another document": ({"not": {"$ref": "http://a.b/c"}}, InvalidSchema, "/not", "$ref", "under $defs"),
    "to no schema": ({"$ref": "#/x", "x": [1]}, InvalidSchema, "", "$ref", "leads to [1]"),
    "itself": ({"items": {"anyOf": [{"$ref": "#/items"}]}}, InvalidSchema, "/items", "", "itself"),
    "a bad pattern": ({"not": {"pattern": "(a"}}, InvalidSchema, "/not", "pattern", "without its )"),
    "a bad name": ({"patternProperties": {"(/": {}}}, InvalidSchema, "", "patternProperties/(~1", "without its )"),
    "a backreference": ({"pattern": r"(a)\1"}, NotRegular, "", "pattern", "not regular"),
    "a format": ({"items": {"format": "regex"}}, NotRegular, "/items", "format", "parentheses nest"),
    "items that differ": ({"uniqueItems": True}, NotRegular, "", "uniqueItems", "an enum of at most 8"),
    "a dynamic reference": ({"$dynamicRef": "#x"}, NotRegular, "", "$dynamicRef", "use '$ref'"),
    "false": (False, Unsatisfiable, "", "", "no JSON value"),
    "nothing in an enum": ({"enum": []}, Unsatisfiable, "", "", "'enum'"),
    "types that exclude each other": ({"type": "string", "enum": [1]}, Unsatisfiable, "", "", "'type' and 'enum'"),
    "deep": (DEEP, Unsatisfiable, "/properties/a/properties/b", "", "'minLength' and 'maxLength'"),
    "deeper by reference": (
        {"allOf": [{"$ref": "#/x"}], "x": DEEP},
        Unsatisfiable,
        "/x/properties/a/properties/b",
        "",
        "",
    ),
    "without end": (
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        Unsatisfiable,
        "/properties/a/$ref",
        "",
        "",
    ),
    "too long to count": ({"minLength": 10**12}, NotRegular, "", "minLength", "can be counted"),
    "too many numbers": ({"enum": list(range(0, 90_000, 3))}, OverBudget, "", "enum", "20,000 states"),
    "a pattern of too many states": ({"pattern": "^((a{99}){99}){99}$"}, OverBudget, "", "pattern", "20,000"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_says_where_and_why(name: str) -> None:
    schema, kind, pointer, keyword, said = CASES[name]
    with pytest.raises(kind) as caught:
        compile_schema(schema)
    assert (caught.value.pointer, caught.value.keyword) == (pointer, keyword)
    assert caught.value.reason
    assert said in str(caught.value)


def nested(depth: int, keyword: str) -> Any:
    """A schema in itself so many times."""
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {keyword: {"a": schema} if keyword == "properties" else [schema] if keyword == "allOf" else schema}
    return schema


@pytest.mark.parametrize("keyword", ["properties", "items", "not", "allOf", "const", "default"])
def test_what_nests_too_deep_is_an_error_of_its_own(keyword: str) -> None:
    with pytest.raises(GrammarError, match="nest"):
        compile_schema(nested(2_000, keyword))
    assert compile_schema(nested(40, keyword)) is not None


def test_chains_and_circles_of_objects() -> None:
    chain: dict[str, Any] = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(3_000)}
    with pytest.raises(OverBudget, match="chain of references"):
        compile_schema({"$defs": {**chain, "3000": {}}, "$ref": "#/$defs/0"})
    circle: dict[str, Any] = {}
    circle["items"] = circle
    with pytest.raises(GrammarError):
        compile_schema(circle)
    with pytest.raises(InvalidSchema, match="no JSON"):
        compile_schema('{"items":' * 50_000 + "{}" + "}" * 50_000)


NAMED = [{"required": [f"a{number}", f"b{number}"]} for number in range(40)]
LARGE = {
    "required of each other": {"dependentRequired": {f"a{number}": [f"b{number}"] for number in range(40)}},
    "a complement": {"not": {"anyOf": [{"prefixItems": [{}] * number + [{"type": "null"}]} for number in range(40)]}},
    "one of many": {"type": "object", "oneOf": NAMED},
    "patterns that overlap": {"patternProperties": {f"{one}{one}": {"type": "null"} for one in "abcdefghijklmnopqrst"}},
    "many members at least": {"type": "object", "minProperties": 10**6},
    "many items at least": {"type": "array", "items": {"type": "object"}, "minItems": 10**6},
}


@pytest.mark.parametrize("name", LARGE)
def test_seconds_are_kept(name: str) -> None:
    begun = perf_counter()
    with pytest.raises(OverBudget, match=r"more than|nest"):
        compile_schema(LARGE[name], Settings(alternatives=10**9), Budget(seconds=1)).flat()
    # Twice the budget, and what a loaded machine adds.
    assert perf_counter() - begun < 4


@pytest.mark.parametrize("schema", [{"maxItems": 20_000, "items": {"type": "null"}}, {"maxProperties": 1_000}])
def test_states_are_kept(schema: dict[str, Any]) -> None:
    grammar = compile_schema({"type": ["array", "object"], **schema}, Settings(closed=True), Budget(states=5_000))
    with pytest.raises(OverBudget, match="more than 5,000 states"):
        grammar.flat()
    assert grammar.accepts("[null, null]")


def test_large_enums_and_bounds_are_no_matter() -> None:
    words = [f"value-{number * 7919 % 100_003}" for number in range(20_000)]
    begun = perf_counter()
    grammar = compile_schema({"enum": words})
    assert all(grammar.accepts(f'"{word}"') for word in words[::400])
    assert not grammar.accepts('"value-"')
    assert perf_counter() - begun < 10
    flat, _ = compile_schema({"type": "string", "minLength": 10**6, "maxLength": 10**30}).flat()
    assert flat.automaton.states < 100
