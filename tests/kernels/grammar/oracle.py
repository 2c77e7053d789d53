"""What other programs say of a schema, and what the machine says of values whose members may come in any order."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import count
from random import Random
from typing import Any

from jsonschema import Draft202012Validator

from commissure.kernels.grammar.automaton import START
from commissure.kernels.grammar.machine.lazy import LazyMachine

Place = tuple[int, int]
"""A state of the machine, and its register."""


def valid(schema: Any, value: Any) -> bool:
    """Whether jsonschema calls a value valid, its numbers read as exact fractions. Raises RecursionError."""
    try:
        return bool(Draft202012Validator(exact(schema, True)).is_valid(exact(value, False)))
    except BaseException as error:
        # Its maps panic where Python's stack ends within them.
        if type(error).__name__ != "PanicException":
            raise
    raise RecursionError


def exact(value: Any, schema: bool) -> Any:
    """Floats as fractions; in patterns Python's end of the text, because its `$` also stands before a newline."""
    if isinstance(value, float):
        fraction = Fraction(repr(value))
        return int(fraction) if fraction.denominator == 1 else fraction
    if isinstance(value, list):
        return [exact(one, schema) for one in value]
    if not isinstance(value, dict):
        return value
    if not schema:
        return {name: exact(one, False) for name, one in value.items()}
    found = {name: exact(one, name not in ("enum", "const", "default", "examples")) for name, one in value.items()}
    if isinstance(value.get("pattern"), str):
        found["pattern"] = ended(value["pattern"])
    if isinstance(value.get("patternProperties"), dict):
        found["patternProperties"] = {ended(name): one for name, one in found["patternProperties"].items()}
    return found


def ended(pattern: str) -> str:
    """The pattern with `$` as in ECMA-262."""
    return re.sub(r"(?<!\\)\$", r"\\Z", pattern)


class Unread(Exception):
    """A text names one member twice, of which JSON Schema says nothing, or has a number of many digits."""


def read(text: bytes) -> Any:
    """A text's value, numbers exact. Raises Unread."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise Unread(text)
        return found

    def number(spelled: str) -> int | Fraction:
        _, _, power = spelled.lower().partition("e")
        if len(power) > 3:
            raise Unread(spelled)
        found = Fraction(Decimal(spelled))
        return int(found) if found.denominator == 1 else found

    return json.loads(text, object_pairs_hook=once, parse_float=number)


def writable(machine: LazyMachine, value: Any) -> bool:
    """Whether the machine accepts the value with its members in some order."""
    return any(machine.accepting(state) for state, _ in after(machine, {(START, 0)}, value))


def after(machine: LazyMachine, places: set[Place], value: Any, ascii_only: bool = False) -> set[Place]:
    """Where the value leads, in any order of members."""
    if not places:
        return places
    if isinstance(value, dict):
        return _after_object(machine, places, value, ascii_only)
    if isinstance(value, list):
        places = fed(machine, places, "[")
        for number, one in enumerate(value):
            places = after(machine, fed(machine, places, ",") if number else places, one, ascii_only)
        return fed(machine, places, "]")
    return fed(machine, places, json.dumps(value, ensure_ascii=ascii_only))


def _after_object(machine: LazyMachine, places: set[Place], value: dict[str, Any], ascii_only: bool) -> set[Place]:
    """Sets of members written so far, each with where they lead: 2^k of them, not k!."""
    level = {frozenset[str](): fed(machine, places, "{")}
    for number in range(len(value)):
        grown: dict[frozenset[str], set[Place]] = {}
        for written, here in level.items():
            before = fed(machine, here, ",") if number else here
            for name in value.keys() - written:
                told = fed(machine, before, json.dumps(name, ensure_ascii=ascii_only) + ":")
                further = after(machine, told, value[name], ascii_only)
                grown.setdefault(written | {name}, set()).update(further)
        level = {written: here for written, here in grown.items() if here}
    return set().union(*(fed(machine, here, "}") for here in level.values())) if level else set()


def fed(machine: LazyMachine, places: set[Place], text: str) -> set[Place]:
    """Where the bytes of a text lead."""
    for byte in text.encode(errors="surrogatepass"):
        places = {machine.step(state, counted, byte) for state, counted in places} - {(0, 0)}
    return places


def word(machine: LazyMachine, dice: Random, length: int = 60) -> bytes | None:
    """A text that the machine accepts: a random walk, then a shortest way to an end; None if that is too far."""
    place, text = (START, 0), bytearray()
    while len(text) < length:
        ends = machine.accepting(place[0])
        if ends and dice.random() < 0.2:
            break
        moves = list(_moves(machine, place, dice))
        if not moves:
            if ends:
                break
            raise AssertionError(f"nothing follows {bytes(text)!r}")
        byte, place = dice.choice(moves)
        text.append(byte)
    rest = _shortest(machine, place, dice)
    return None if rest is None else bytes(text) + rest


def _moves(machine: LazyMachine, place: Place, dice: Random) -> Iterator[tuple[int, Place]]:
    for low, high, _, _ in machine.steps(place[0]):
        byte = dice.choice((low, high, dice.randint(low, high)))
        to = machine.step(*place, byte)
        if to[0]:
            yield byte, to


def _shortest(machine: LazyMachine, place: Place, dice: Random, most: int = 4_000) -> bytes | None:
    waiting: list[tuple[Place, bytes]] = [(place, b"")]
    seen = {place}
    for number in count():
        if number >= len(waiting) or number > most:
            return None
        here, text = waiting[number]
        if machine.accepting(here[0]):
            return text
        for byte, to in _moves(machine, here, dice):
            if to not in seen:
                seen.add(to)
                waiting.append((to, text + bytes([byte])))
    return None
