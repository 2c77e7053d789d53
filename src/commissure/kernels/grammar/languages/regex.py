"""The syntax tree of a regular expression: what is left once names, laziness and the kinds of groups are forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from commissure.kernels.grammar.languages.codepoints import Symbols


@dataclass(frozen=True, slots=True)
class One:
    """One symbol of a set."""

    symbols: Symbols


@dataclass(frozen=True, slots=True)
class Chain:
    """One part after another; none is the empty word."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any of the options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`least` to `most` times; None is without end."""

    body: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """An empty word at the text's start or end, or where a word begins or ends (`brink`) or does not (`inside`)."""

    kind: Literal["start", "end", "brink", "inside"]


@dataclass(frozen=True, slots=True)
class Look:
    """An empty word after which the body matches, or does not."""

    body: Node
    negated: bool


Node = One | Chain | Choice | Repeat | Edge | Look
