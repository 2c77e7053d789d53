"""Another order of the answer's fields: what is said first is not conditioned on what is said later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from commissure.policies.ensemble.permutation import permuted
from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.selector import Diversity


class Fields(Diversity):
    """The order of the `properties` of the schema's top level, and of the examples' answers likewise.

    What satisfies the one schema satisfies the other. An answer's own fields beside `properties` come last. A schema
    without `properties` at its top level is left as it is.
    """

    def vary(self, asked: Asked, variant: int) -> Asked:
        """With the fields in their `variant`-th order."""
        properties = asked.schema.get("properties")
        if not isinstance(properties, Mapping):
            return asked
        names = permuted(tuple(properties), variant)
        if names == tuple(properties):
            return asked
        schema = {**asked.schema, "properties": {name: properties[name] for name in names}}
        examples = tuple((text, _ordered(answer, names)) for text, answer in asked.prompt.examples)
        return replace(asked, prompt=replace(asked.prompt, examples=examples), schema=schema)


def _ordered(answer: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(answer, Mapping):
        return answer
    return {name: answer[name] for name in (*names, *answer) if name in answer}


def build() -> Fields:
    """Has no settings."""
    return Fields()
