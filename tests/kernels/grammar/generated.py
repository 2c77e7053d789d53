"""Schemas drawn at random over a few names and values, and values near what a schema asks for."""

from collections.abc import Callable
from random import Random
from typing import Any

NAMES = ("a", "b", "c", "ab")
WORDS = ("", "a", "ab", "b", "xa", "é", "abc", "12")
NUMBERS = (0, 1, 2, 3, -1, 4, 6, 10, 0.5, 1.5, 2.0, -2.5)
SCALARS = (None, True, False, *NUMBERS, *WORDS)
PATTERNS = ("^a", "b$", "^[ab]+$", "^x?[0-9]{1,3}$", "[b-d]", "^(a|bc)*$", "^(?!a)", "a*")
TYPES = ("null", "boolean", "number", "integer", "string", "array", "object")


def value(dice: Random, depth: int = 2) -> Any:
    """Any JSON value over the names and scalars."""
    kind = dice.randrange(4) if depth else 0
    if kind == 2:
        return [value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 3:
        return {name: value(dice, depth - 1) for name in dice.sample(NAMES, dice.randrange(4))}
    return dice.choice(SCALARS)


class Schemas:
    """Draws schemas; with `definitions` some are references, so that values may nest without end."""

    def __init__(self, dice: Random, definitions: tuple[str, ...] = ()) -> None:
        self._dice = dice
        self._definitions = definitions

    def whole(self, depth: int = 3) -> Any:
        """A schema with the definitions that it refers to."""
        schema = self.draw(depth)
        if self._definitions and isinstance(schema, dict):
            schema["$defs"] = {name: self.draw(depth - 1) for name in self._definitions}
        return schema

    def draw(self, depth: int, inside: bool = False) -> Any:
        """A subschema at most so deep; one that is not inside an array or object seldom refers to another."""
        dice = self._dice
        if dice.random() < 0.06:
            return dice.random() < 0.7
        schema: dict[str, Any] = {}
        kinds: tuple[str, ...] = TYPES
        if dice.random() < 0.7:
            kinds = tuple(dice.sample(TYPES, 1 if dice.random() < 0.7 else dice.randint(2, 3)))
            schema["type"] = kinds[0] if len(kinds) == 1 else list(kinds)
        about = dice.choice(kinds)
        if about in ("number", "integer"):
            self._number(schema)
        elif about == "string":
            self._string(schema)
        elif about == "array":
            self._array(schema, depth)
        elif about == "object":
            self._object(schema, depth)
        if dice.random() < 0.12:
            schema["enum"] = [near(dice, schema, schema, 1) for _ in range(dice.randint(1, 5))]
        elif dice.random() < 0.05:
            schema["const"] = near(dice, schema, schema, 2)
        if depth and dice.random() < 0.4:
            self._together(schema, depth - 1)
        if self._definitions and dice.random() < (0.3 if inside else 0.05):
            schema["$ref"] = f"#/$defs/{dice.choice(self._definitions)}"
        names = list(schema)
        dice.shuffle(names)
        return {name: schema[name] for name in names}

    def _some(self, schema: dict[str, Any], chance: float, keyword: str, make: Callable[[], Any]) -> None:
        if self._dice.random() < chance:
            schema[keyword] = make()

    def _number(self, schema: dict[str, Any]) -> None:
        dice = self._dice
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            self._some(schema, 0.25, keyword, lambda: dice.choice(NUMBERS))
        self._some(schema, 0.25, "multipleOf", lambda: dice.choice((1, 2, 3, 0.5, 1.5, 0.1)))

    def _string(self, schema: dict[str, Any]) -> None:
        dice = self._dice
        self._some(schema, 0.3, "minLength", lambda: dice.randrange(4))
        self._some(schema, 0.3, "maxLength", lambda: dice.choice((0, 1, 2, 3, 200)))
        self._some(schema, 0.35, "pattern", lambda: dice.choice(PATTERNS))

    def _array(self, schema: dict[str, Any], depth: int) -> None:
        dice = self._dice
        if depth:
            self._some(schema, 0.6, "items", lambda: self.draw(depth - 1, True))
            self._some(
                schema, 0.3, "prefixItems", lambda: [self.draw(depth - 1, True) for _ in range(dice.randint(1, 2))]
            )
            if dice.random() < 0.25:
                schema["contains"] = self.draw(depth - 1, True)
                self._some(schema, 0.4, "minContains", lambda: dice.randrange(3))
                self._some(schema, 0.4, "maxContains", lambda: dice.randrange(3))
        self._some(schema, 0.3, "minItems", lambda: dice.randrange(4))
        self._some(schema, 0.3, "maxItems", lambda: dice.randrange(4))
        if dice.random() < 0.1:
            schema["uniqueItems"] = True
            if dice.random() < 0.7:
                schema["items"] = {"enum": [dice.choice(SCALARS) for _ in range(dice.randint(1, 4))]}

    def _object(self, schema: dict[str, Any], depth: int) -> None:
        dice = self._dice

        def names(most: int) -> list[str]:
            return dice.sample(NAMES, dice.randint(1, most))

        def below() -> Any:
            return self.draw(depth - 1, True)

        if depth:
            self._some(schema, 0.7, "properties", lambda: {name: below() for name in names(3)})
            self._some(schema, 0.2, "patternProperties", lambda: {dice.choice(PATTERNS): below() for _ in "ab"})
            self._some(schema, 0.3, "additionalProperties", lambda: False if dice.random() < 0.6 else below())
            self._some(schema, 0.1, "propertyNames", lambda: self.draw(0))
            self._some(schema, 0.1, "dependentSchemas", lambda: {name: below() for name in names(2)})
        self._some(schema, 0.4, "required", lambda: names(2))
        self._some(schema, 0.15, "minProperties", lambda: dice.randrange(3))
        self._some(schema, 0.15, "maxProperties", lambda: dice.randrange(4))
        self._some(schema, 0.1, "dependentRequired", lambda: {name: names(2) for name in names(2)})

    def _together(self, schema: dict[str, Any], depth: int) -> None:
        dice = self._dice
        for _ in range(1 if dice.random() < 0.7 else dice.randint(2, 3)):
            keyword = dice.choice(("allOf", "anyOf", "oneOf", "not", "if"))
            if keyword == "not":
                schema["not"] = self.draw(depth)
            elif keyword == "if":
                schema["if"] = self.draw(depth)
                self._some(schema, 0.7, "then", lambda: self.draw(depth))
                self._some(schema, 0.7, "else", lambda: self.draw(depth))
            else:
                schema[keyword] = [self.draw(depth) for _ in range(dice.randint(1, 3))]


def near(dice: Random, schema: Any, root: Any, depth: int = 3) -> Any:
    """A value that the schema's own keywords ask for: often valid, often just not."""
    if not isinstance(schema, dict) or depth < 0 or dice.random() < 0.05:
        return value(dice, min(max(depth, 0), 2))
    branches = [schema[name] for name in ("$ref", "anyOf", "oneOf", "allOf", "then", "else", "if") if name in schema]
    if branches and dice.random() < 0.5:
        branch = dice.choice(branches)
        if isinstance(branch, str):
            definition = root.get("$defs", {}).get(branch.rsplit("/", 1)[1], True)
            return near(dice, definition, root, depth - 1)
        return near(dice, dice.choice(branch) if isinstance(branch, list) else branch, root, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return dice.choice(schema["enum"])
    given = schema.get("type") or _speaks_of(schema) or dice.choice(TYPES)
    kind = given if isinstance(given, str) else dice.choice(given)
    if kind == "object":
        return _near_object(dice, schema, root, depth)
    if kind == "array":
        return _near_array(dice, schema, root, depth)
    return dice.choice({"null": (None,), "boolean": (True, False), "string": WORDS}.get(kind, NUMBERS))


def _speaks_of(schema: dict[str, Any]) -> str | None:
    if {"properties", "required", "additionalProperties", "patternProperties", "minProperties"} & schema.keys():
        return "object"
    return "array" if {"items", "prefixItems", "contains", "minItems"} & schema.keys() else None


def _near_object(dice: Random, schema: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    chosen = [name for name in properties if dice.random() < 0.6]
    chosen += [name for name in schema.get("required", ()) if dice.random() < 0.9]
    chosen += [name for name in NAMES if dice.random() < 0.15]
    further = [schema[name] for name in ("additionalProperties",) if name in schema]
    further += list(schema.get("patternProperties", {}).values())
    found = {}
    for name in dict.fromkeys(chosen):
        under = properties.get(name, dice.choice(further) if further else True)
        found[name] = near(dice, under, root, depth - 1)
    return found


def _near_array(dice: Random, schema: dict[str, Any], root: Any, depth: int) -> list[Any]:
    prefix = schema.get("prefixItems", [])
    found = []
    for place in range(dice.randint(min(schema.get("minItems", 0), 4), 4)):
        under = prefix[place] if place < len(prefix) else schema.get("items", True)
        if "contains" in schema and dice.random() < 0.4:
            under = schema["contains"]
        found.append(near(dice, under, root, depth - 1))
    return found
