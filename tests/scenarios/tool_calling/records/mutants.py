"""Answers near to right ones."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from commissure.hal.clock.dice import Dice

ANYTHING: tuple[Any, ...] = (0, 1, 1.0, -2.5, True, False, None, "", "x", "1", [], [1], ["x"], [[]], [{}], {}, {"x": 1})
TEXTS: tuple[Callable[[str], str], ...] = (
    str.upper, str.title, lambda text: text.replace(" ", "-"), lambda text: text + "s", lambda text: f" ,.{text}_*^/",
    lambda text: text[1:], lambda text: text.replace("'", '"'), lambda text: f"({text})",
)  # fmt: skip
NUMBERS: tuple[Callable[[Any], Any], ...] = (
    int, float, str, bool, lambda number: number + 1, lambda number: -number
)  # fmt: skip


def right_answer(possible: Mapping[str, list[Any]], rng: Dice) -> dict[str, Any]:
    """One of the possible values for each member; "" leaves it out, or not."""
    found = {}
    for name, allowed in possible.items():
        value = rng.choice(allowed) if allowed else []
        if value != "" or rng.random() < 0.1:
            found[name] = chosen(value, rng)
    return found


def chosen(value: Any, rng: Dice) -> Any:
    """Objects have lists of possible values in turn."""
    if isinstance(value, dict):
        return right_answer(value, rng)
    if isinstance(value, list):
        return [chosen(one, rng) for one in value]
    return value


def mutated(value: Any, rng: Dice) -> Any:
    """The value with one thing changed, somewhere in it."""
    value = deepcopy(value)
    if rng.random() < 0.15:
        return rng.choice(ANYTHING)
    if isinstance(value, dict):
        return _mutated_object(value, rng)
    if isinstance(value, list):
        return _mutated_list(value, rng)
    if isinstance(value, str):
        return rng.choice(TEXTS)(value)
    return rng.choice(NUMBERS)(value) if isinstance(value, int | float) else rng.choice(ANYTHING)


def _mutated_object(value: dict[str, Any], rng: Dice) -> dict[str, Any]:
    way = rng.random()
    if way < 0.1 or not value:
        return {**value, rng.choice(("x", "unit", "name")): rng.choice(ANYTHING)}
    name = rng.choice(list(value))
    if way < 0.25:
        return {kept: one for kept, one in value.items() if kept != name}
    return {**value, name: mutated(value[name], rng)}


def _mutated_list(value: list[Any], rng: Dice) -> list[Any]:
    way = rng.random()
    if way < 0.2 or not value:
        return [*value, rng.choice(value) if value and rng.random() < 0.5 else rng.choice(ANYTHING)]
    if way < 0.3:
        return value[::-1]
    place = rng.randrange(len(value))
    return [*value[:place], *([] if way < 0.4 else [mutated(value[place], rng)]), *value[place + 1 :]]
