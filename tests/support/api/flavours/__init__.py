"""The providers that the server can stand in for, by name."""

from __future__ import annotations

from tests.support.api.flavours.anthropic import Anthropic
from tests.support.api.flavours.base import Flavour
from tests.support.api.flavours.cerebras import Cerebras
from tests.support.api.flavours.engines import Neuron, Sglang, Vllm
from tests.support.api.flavours.hosted import Groq, Moonshot, SambaNova, Together
from tests.support.api.flavours.llama_cpp import LlamaCpp
from tests.support.api.flavours.openai import OpenAI

_ALL: tuple[type[Flavour], ...] = (
    OpenAI,
    Anthropic,
    Moonshot,
    Cerebras,
    SambaNova,
    Vllm,
    Neuron,
    Sglang,
    LlamaCpp,
    Groq,
    Together,
)
FLAVOURS: dict[str, type[Flavour]] = {one.name: one for one in _ALL}


def flavour(name: str) -> Flavour:
    """A new one. Raises ValueError that lists the names."""
    if name not in FLAVOURS:
        raise ValueError(f"no flavour {name!r}; there are {', '.join(FLAVOURS)}")
    return FLAVOURS[name]()
