"""Short documents with known fields, drawn by a seed: invoices, listings, orders, tickets, and labelled questions."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError, unknown
from commissure.policies.ensemble.prompt import Asked, Prompt
from commissure.scenarios.tool_calling.records.family import Family, room_tokens
from commissure.scenarios.tool_calling.records.field_match import field_match
from commissure.scenarios.tool_calling.records.record import Record
from commissure.scenarios.tool_calling.shares import even_shares

# How often a text is drawn anew that there is already, before a family counts as used up.
DRAWS = 100


@cache
def known_families() -> dict[str, Family]:
    """Every family by name: each module of this package that has a FAMILY."""
    package = __name__.rpartition(".")[0]
    modules = (import_module(found.name) for found in pkgutil.iter_modules(_path(package), f"{package}."))
    found = (getattr(module, "FAMILY", None) for module in modules)
    return {family.name: family for family in found if isinstance(family, Family)}


def documents(seed: int, count: int, families: Sequence[str] = ()) -> tuple[Record, ...]:
    """So many records, as many of each family as of any other (or one more), a family's together. No two are equal.

    Without `families` of all there are. The i-th record of a family hangs on the seed, the family and i only, so that
    a greater count adds records and changes none. Raises UsageError for an unknown family, one named twice, a count
    below 0, or more records than a family has texts.
    """
    names = tuple(families) or tuple(known_families())
    if count < 0:
        raise UsageError(f"a count of documents must be 0 or more, not {count}")
    for place, name in enumerate(names):
        if name not in known_families():
            raise unknown("family of documents", name, known_families())
        if name in names[:place]:
            raise UsageError(f"family {name!r} is named twice: name each once")
    shares = zip(names, even_shares(count, len(names)), strict=True)
    return tuple(record for name, share in shares for record in _records(seed, share, name))


def _records(seed: int, count: int, name: str) -> Iterator[Record]:
    family = known_families()[name]
    schema = family.schema
    for number, (text, truth) in enumerate(_distinct(seed, count, family)):
        prompt = Prompt(family.instruction, family.examples, text, family.source_label)
        scorer = partial(field_match, truth)
        yield Record(f"{name}/{seed}/{number}", name, Asked(prompt, schema), truth, scorer, room_tokens(schema))


def _distinct(seed: int, count: int, family: Family) -> Iterator[tuple[str, dict[str, Any]]]:
    """Texts with their answers, none like one before it or like an example."""
    seen = {text for text, _ in family.examples}
    for number in range(count):
        draws = (family.write(dice(f"{family.name}/{seed}/{number}/{draw}")) for draw in range(DRAWS))
        found = next((drawn for drawn in draws if drawn[0] not in seen), None)
        if found is None:
            raise UsageError(
                f"family {family.name!r} has no more than about {number} texts: ask for fewer, or add families"
            )
        seen.add(found[0])
        yield found


def _path(package: str) -> list[str]:
    return list(import_module(package).__path__)
