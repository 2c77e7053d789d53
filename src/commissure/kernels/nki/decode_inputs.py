"""What a decode is given is refused where the kernel would read it wrongly, or where a mask would not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.nki.executor.dtypes import FLOATS, NUMPY
from commissure.kernels.nki.pack import PENALTY, Pack
from commissure.kernels.nki.pack_joined import MOST_COUNT
from commissure.kernels.nki.sizes import check_batch, check_hidden

MOST_LOGIT = abs(PENALTY) / 4
"""What a logit, and temperature x noise, must each stay below: two tokens' sums then differ by less than a penalty."""
COLUMNS = 8192
"""Tokens whose logits are made at a time."""


def reals(name: str, given: object, dtype: str) -> NDArray[Any]:
    """As `dtype`. Raises UsageError for what is no array of numbers, or not finite as that type."""
    array = _array(name, given)
    if array.dtype.kind not in "fiu" and array.dtype not in [NUMPY[name] for name in FLOATS]:
        raise UsageError(f"{name} are of dtype {array.dtype}; they must be floating point numbers")
    with np.errstate(over="ignore"):
        made = array.astype(NUMPY[dtype])
    bad = ~np.isfinite(made)
    if bad.any():
        where = tuple(int(each) for each in np.argwhere(bad)[0])
        raise UsageError(f"{name}{list(where)} is {array[where]}, which is not finite as {dtype}; all must be")
    return made


def wholes(name: str, given: object) -> NDArray[np.integer]:
    """As they are. Raises UsageError for what is no array of integers: nothing is rounded or cut."""
    array = _array(name, given)
    if array.dtype.kind not in "iu":
        raise UsageError(f"{name} are of dtype {array.dtype}; they must be integers: use .astype(np.int32)")
    return array


def check_shape(hidden: object) -> tuple[int, int, int]:
    """T, H and b. Raises UsageError if there are no such three, or the kernel cannot take them."""
    shape = np.shape(_array("hidden", hidden))
    if len(shape) != 3 or shape[0] < 1:
        raise UsageError(f"hidden is {shape}; it must be [steps, hidden size, batch], with at least 1 step")
    check_hidden(shape[1])
    check_batch(shape[2])
    return shape


def check_equal(name: str, given: object, needed: tuple[int, ...]) -> None:
    """Raise UsageError unless the array has that shape."""
    shape = np.shape(_array(name, given))
    if shape != needed:
        raise UsageError(f"{name} are {shape}; for these hidden states and this vocabulary they must be {needed}")


def check_states(packed: Pack, states: NDArray[np.integer], counts: NDArray[np.integer]) -> None:
    """Raise UsageError for a state that the pack lacks or that refuses all, and for a count beyond the register."""
    for name, values, most in (("states", states, packed.starts[-1] - 1), ("counts", counts, MOST_COUNT)):
        if not 0 <= int(np.min(values)) <= int(np.max(values)) <= most:
            raise UsageError(f"{name} are {np.min(values)} to {np.max(values)}; the pack has 0 to {most:,}")
    refused = np.isin(states, packed.starts[:-1])
    if refused.any():
        place = int(refused.argmax())
        raise UsageError(
            f"states[{place}] is {states[place]}, which refuses every text; start a sequence at pack.state(grammar), "
            "or at pack.free without a grammar"
        )


def check_temperature(temperature: NDArray[np.float32]) -> None:
    """Raise UsageError for one below 0: `reals` has refused what is not finite."""
    if (temperature < 0).any():
        place = int((temperature < 0).argmax())
        raise UsageError(f"temperature[{place}] is {temperature[place]}; it must be 0 (greedy) or above")


def check_noise(noise: NDArray[np.float32], temperature: NDArray[np.float32]) -> None:
    """Raise UsageError where temperature x noise could lift a forbidden token; `noise` [T, b, V], `temperature` [b]."""
    largest = np.abs(noise).max(axis=(0, 2)).astype(np.float64) * temperature
    if largest.max() >= MOST_LOGIT:
        place = int(largest.argmax())
        raise UsageError(
            f"temperature x largest |noise| is {largest[place]:,.6g} for sequence {place}; it must be below "
            f"{MOST_LOGIT:,.0f}, a quarter of a penalty: lower the temperature, or draw the noise with gumbel()"
        )


def check_logits(hidden: NDArray[Any], weights: NDArray[Any]) -> None:
    """Raise UsageError where a logit could outweigh a penalty; both finite bfloat16, [T, H, b] and [H, V].

    No |logit| is above the sum of |hidden| x the row's largest |weight|, which one pass over the weights shows
    (Holder's inequality). Only where that does not clear them are logits themselves made.
    """
    states = hidden.astype(np.float32).transpose(0, 2, 1).reshape(-1, len(weights))
    # As float32 in parts: bfloat16's own maximum is slow, and all of W at once may be gigabytes.
    for first in range(0, weights.shape[1], COLUMNS):
        part = weights[:, first : first + COLUMNS].astype(np.float32)
        rows = np.maximum(part.max(axis=1), -part.min(axis=1)).astype(np.float64)
        if (np.abs(states) @ rows).max() < MOST_LOGIT:
            continue
        logits = np.abs(states.astype(np.float64) @ part)
        if logits.max() >= MOST_LOGIT:
            token = first + int(logits.max(axis=0).argmax())
            raise UsageError(
                f"the logit of token {token} is {logits.max():,.6g} from 0; all must be below {MOST_LOGIT:,.0f}, a "
                "quarter of a penalty, or a forbidden token could win: scale hidden or weights"
            )


def _array(name: str, given: object) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise UsageError(f"{name} are no array of numbers: {error}") from error
