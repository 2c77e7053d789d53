"""What is known of step times before anything is measured: how their sizes relate, by the model's own layout.

Both the weights and the KV cache are read at the same bandwidth, and both a token's own work and its attention are
computed at about the same rate. So the ratios follow from the model, and only their common factors from the chip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from commissure.hal.profiles.model import Experts, Model, models
from commissure.hal.profiles.quantity import value_of

NAMES = ("fixed_s", "token_s", "sequence_s", "kv_token_s", "attention_s", "experts_s", "hidden_tokens")
# Where a fit begins: a middle-sized dense model on one GPU.
START = {
    "fixed_s": 0.02, "token_s": 3e-5, "sequence_s": 1e-5, "kv_token_s": 5e-8, "attention_s": 1e-9, "experts_s": 0.01,
    "hidden_tokens": 100.0,
}  # fmt: skip
# Standard deviations in logs, as judged: ratios from a model's layout are good to a factor of about 1.6, where a chip
# turns from memory to computation to 2, guesses to 2.7.
LAYOUT, RIDGE, GUESS = 0.5, 0.7, 1.0
# KV bytes per token over weight bytes, and attention FLOPs over a token's own, of dense models of 8 to 70 thousand
# millions of parameters: for models whose layout is not known.
USUAL_KV, USUAL_ATTENTION = 5e-6, 4e-5


@dataclass(frozen=True, slots=True)
class Relation:
    """log(numerator / denominator) is about log(ratio); without a denominator, log(numerator) is."""

    numerator: str
    denominator: str | None
    ratio: float
    deviation: float

    def surprise(self, logs: dict[str, float]) -> float:
        """How far off, in standard deviations."""
        under = logs[self.denominator] if self.denominator else 0.0
        return (logs[self.numerator] - under - log(self.ratio)) / self.deviation


def find_model(name: str) -> Model | None:
    """The model that a run's name means: the longest known name inside it."""
    plain = name.lower().rpartition("/")[2].replace("_", "-")
    found = [one for one in models() if one in plain]
    return models()[max(found, key=len)] if found else None


def experts_of(name: str) -> Experts | None:
    """The mixture of experts that a model is, None for a dense one."""
    model = find_model(name)
    return model.experts if model else None


def relations(name: str) -> list[Relation]:
    """What is known of a model's step times by its name."""
    model = find_model(name)
    known = [
        Relation("sequence_s", None, START["sequence_s"], GUESS),
        Relation("hidden_tokens", None, START["hidden_tokens"], RIDGE),
    ]
    size = value_of(model.parameters_b) if model else _size_b(name)
    if model is None or not size or model.kv_bytes_per_token is None or model.bytes_per_parameter is None:
        kv = Relation("kv_token_s", "fixed_s", USUAL_KV, GUESS)
        return [*known, kv, Relation("attention_s", "token_s", USUAL_ATTENTION, GUESS)]
    active = value_of(model.active_parameters_b, size)
    shared = size
    if model.experts:
        share = model.experts.active.value / model.experts.experts.value
        shared = (active - share * size) / (1 - share)
        # A judgement: launching kernels takes about as long as reading the small part that every step reads.
        known.append(Relation("experts_s", "fixed_s", (size - shared) / shared / 2, LAYOUT))
    read_b = size - shared if model.experts else shared
    kv_ratio = model.kv_bytes_per_token.value / (model.bytes_per_parameter.value * read_b * 1e9)
    known.append(Relation("kv_token_s", "experts_s" if model.experts else "fixed_s", kv_ratio, LAYOUT))
    pairs = 4 * value_of(model.layers) * value_of(model.hidden_size)
    # Attention reaches about half the rate of matrix products.
    ratio = 2 * pairs / (2e9 * active) if pairs else USUAL_ATTENTION
    return [*known, Relation("attention_s", "token_s", ratio, LAYOUT)]


def _size_b(name: str) -> float:
    found = re.search(r"(\d+(?:\.\d+)?)b\b", name.lower())
    return float(found[1]) if found else 0.0
