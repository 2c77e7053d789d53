"""Models, as published: one TOML file each in profiles/models. Absent numbers are unknown."""

from __future__ import annotations

import math
from functools import cache
from typing import Literal, Self

from pydantic import model_validator

from commissure.hal.profiles.quantity import Quantity, Record, value_of
from commissure.hal.tomlfile import PROFILES, load_toml

Kind = Literal["dense", "moe", "hybrid", "ssm", "diffusion"]


class Experts(Record):
    """A mixture of experts: of `experts` a token activates `active`."""

    experts: Quantity
    active: Quantity

    def share(self, tokens: float) -> float:
        """Expected share of the experts that a step of so many tokens reads, were they chosen evenly."""
        return float(1.0 - (1.0 - self.active.value / self.experts.value) ** tokens)


class Vision(Record):
    """An image becomes one token for each square of `patch_px` x `merge` pixels, resized into the limits."""

    patch_px: Quantity
    merge: Quantity
    min_tokens: Quantity
    max_tokens: Quantity
    frame_tokens: Quantity | None = None

    def tokens(self, width_px: int, height_px: int) -> int:
        """Tokens of one image: sides rounded to whole squares, then scaled into the allowed area."""
        side = self.patch_px.value * self.merge.value
        columns, rows = max(1, round(width_px / side)), max(1, round(height_px / side))
        area, least, most = columns * rows, self.min_tokens.value, self.max_tokens.value
        if area > most:
            shrink = math.sqrt(width_px * height_px / (most * side * side))
            columns = max(1, math.floor(width_px / shrink / side))
            rows = max(1, math.floor(height_px / shrink / side))
        elif area < least:
            grow = math.sqrt(least * side * side / (width_px * height_px))
            columns, rows = math.ceil(width_px * grow / side), math.ceil(height_px * grow / side)
        return columns * rows + round(value_of(self.frame_tokens))


class Diffusion(Record):
    """Text diffusion: blocks of `block_tokens`, each denoised in `steps_per_block` engine steps."""

    block_tokens: Quantity
    steps_per_block: Quantity


class Skill(Record):
    """How well a model does parts of an agent's work; each a probability, absent where nothing is known.

    `item_accuracy`: one short item is labelled rightly. `malformed`: an answer is not in the form that was asked for.
    `code_error`: code that it writes fails. `wrong_plan`: its code answers another question than the one asked.
    """

    item_accuracy: Quantity | None = None
    malformed: Quantity | None = None
    code_error: Quantity | None = None
    wrong_plan: Quantity | None = None

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        for name, quantity in self:
            if quantity is not None and quantity.value > 1:
                raise ValueError(f"{name}: {quantity.value} is no probability")
        return self


class Model(Record):
    """Weights. Sizes in thousand millions of parameters; KV bytes for one token over all layers that keep any.

    `state_bytes` is the constant state of one sequence: of state-space layers, or of layers that see a window only. Of
    those the two `window` fields say the same where they are known: KV bytes for each of the last `window_tokens`.
    """

    name: str
    kind: Kind
    maker: str = ""
    parameters_b: Quantity | None = None
    active_parameters_b: Quantity | None = None
    bytes_per_parameter: Quantity | None = None
    layers: Quantity | None = None
    hidden_size: Quantity | None = None
    kv_bytes_per_token: Quantity | None = None
    window_tokens: Quantity | None = None
    window_kv_bytes_per_token: Quantity | None = None
    state_bytes: Quantity | None = None
    context_tokens: Quantity | None = None
    experts: Experts | None = None
    vision: Vision | None = None
    diffusion: Diffusion | None = None
    skill: Skill | None = None
    # Models whose KV state one can read as the other's: the same weights under another name.
    same_layout_as: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole_window(self) -> Self:
        if (self.window_tokens is None) != (self.window_kv_bytes_per_token is None):
            raise ValueError("window_tokens and window_kv_bytes_per_token: give both or none")
        return self

    def kv_bytes(self, tokens: float) -> float | None:
        """Bytes of the KV state of a whole prefix of so many tokens, None where they are not known.

        Layers that see everything keep each token, layers with a window its last tokens, state-space layers a constant.
        Latent attention is a small `kv_bytes_per_token`.
        """
        if self.kv_bytes_per_token is None and (self.kind != "ssm" or self.state_bytes is None):
            return None
        size = value_of(self.kv_bytes_per_token) * tokens
        if self.window_tokens is None:
            return size + value_of(self.state_bytes)
        return size + value_of(self.window_kv_bytes_per_token) * min(tokens, self.window_tokens.value)

    @property
    def weight_bytes(self) -> float | None:
        """Bytes of all weights, where both factors are known."""
        if self.parameters_b is None or self.bytes_per_parameter is None:
            return None
        return self.parameters_b.value * 1e9 * self.bytes_per_parameter.value


@cache
def models() -> dict[str, Model]:
    """Every known model by name; a new model is one file in profiles/models."""
    found = (load_toml(path, Model) for path in sorted((PROFILES / "models").glob("*.toml")))
    return {model.name: model for model in found}
