"""Logits tile by tile, their best value and its lowest token: what any decode does, and the penalties of one that is
constrained. Portable dialect: comprehensions are not documented in it, so lists are appended to."""

import nki.isa as nisa
import nki.language as nl

from commissure.kernels.nki.constrained_states import mask_one_hot
from commissure.kernels.nki.constrained_tables import resident_table

TILE = 512
GROUP = 3
"""Tiles whose logits are made together: one row of W is then 3 KiB, and 8 banks of PSUM hold two groups and 2 more."""
LOWEST = -3.0e38
BEYOND = 8388608.0
"""2^23: above any token, and exact with a token added."""


def weight_slots(weights: nl.ndarray, depth: int) -> list[nl.ndarray]:
    """SBUF for what streams in: rows of W, used in turn."""
    slots = []
    for _ in range(depth):
        slots.append(nl.ndarray((128, GROUP * TILE), dtype=weights.dtype, buffer=nl.sbuf))
    return slots


def penalty_slots(penalty: nl.ndarray, resident: int) -> list[nl.ndarray]:
    """SBUF for penalties: two slots a pass through which they stream, and last the first `resident` columns."""
    slots = []
    if resident < penalty.shape[1]:
        for _ in range(2 * ((penalty.shape[0] + 127) // 128)):
            slots.append(nl.ndarray((128, GROUP * TILE), dtype=penalty.dtype, buffer=nl.sbuf))
    if resident > 0:
        slots.append(resident_table(penalty[:, 0:resident]))
    return slots


def load_temperature(temperature: nl.ndarray) -> nl.ndarray:
    """fp32 [b, 1] in SBUF."""
    held = nl.ndarray(temperature.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=held, src=temperature)
    return held


def load_hidden(hidden: nl.ndarray, step: int) -> nl.ndarray:
    """[128, K * b] of one step."""
    held = nl.ndarray((128, hidden.shape[1]), dtype=hidden.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=held, src=hidden[step * 128 : (step + 1) * 128, :])
    return held


def tile_bounds(columns: int) -> list[tuple[int, int]]:
    """First column and width of each tile: 512, and at least 8, which is the least that max8 takes."""
    bounds = []
    first = 0
    while first < columns:
        width = min(TILE, columns - first)
        if 0 < columns - first - width < 8:
            width = width - 8
        bounds.append((first, width))
        first = first + width
    return bounds


def best_token(
    hidden: nl.ndarray,
    weights: nl.ndarray,
    of_weights: list[nl.ndarray],
    sampling: tuple[bool, nl.ndarray, nl.ndarray],
    masking: tuple[nl.ndarray, ...],
    step: int,
    batch: int,
) -> tuple[nl.ndarray, nl.ndarray]:
    """The best value and the lowest token that has it, fp32 [b, 1] each."""
    x = load_hidden(hidden, step)
    bounds = tile_bounds(weights.shape[1])
    best, place = maxima(batch, len(bounds))
    rows = ()
    for first in range(0, len(bounds), GROUP):
        group = bounds[first : first + GROUP]
        turn = step * ((len(bounds) + GROUP - 1) // GROUP) + first // GROUP
        logits = logits_tiles(group, batch)
        # The first group's penalties come last: its products need no state, and hide how the states are made.
        if len(masking) > 0 and first > 0:
            add_penalties(logits, group, rows, masking[3], masking[4], masking[7], turn)
        add_products(logits, group, x, weights, of_weights, batch, turn)
        if len(masking) > 0 and first == 0:
            rows = mask_one_hot(masking[0], masking[1], masking[2], masking[3], masking[5], masking[6])
            add_penalties(logits, group, rows, masking[3], masking[4], masking[7], turn)
        for i in range(len(group)):
            tile_maximum(logits[i], group[i], sampling, best, place, first + i, step)
    return lowest_best(best, place, tile_numbers(batch, weights.shape[1]), bounds)


def logits_tiles(group: list[tuple[int, int]], batch: int) -> list[nl.ndarray]:
    """PSUM for the logits of a group."""
    tiles = []
    for i in range(len(group)):
        tiles.append(nl.ndarray((batch, group[i][1]), dtype=nl.float32, buffer=nl.psum))
    return tiles


def add_products(
    logits: list[nl.ndarray],
    group: list[tuple[int, int]],
    x: nl.ndarray,
    weights: nl.ndarray,
    of_weights: list[nl.ndarray],
    batch: int,
    turn: int,
) -> None:
    """Add x^T W to a group's logits; `turn` counts groups over all steps, so that slots are used in turn throughout."""
    first, last = group[0][0], group[len(group) - 1]
    width = last[0] + last[1] - first
    for k in range(weights.shape[0] // 128):
        slot = of_weights[(turn * (weights.shape[0] // 128) + k) % len(of_weights)]
        stream_weights(slot, weights, k, first, width)
        for i in range(len(group)):
            start = group[i][0] - first
            nisa.nc_matmul(
                dst=logits[i],
                stationary=x[:, k * batch : (k + 1) * batch],
                moving=slot[:, start : start + group[i][1]],
            )


def stream_weights(slot: nl.ndarray, weights: nl.ndarray, k: int, first: int, width: int) -> None:
    """128 rows of W, `width` columns from `first` on."""
    nisa.dma_copy(dst=slot[:, 0:width], src=weights[k * 128 : (k + 1) * 128, first : first + width])


def add_penalties(
    logits: list[nl.ndarray],
    group: list[tuple[int, int]],
    rows: nl.ndarray,
    penalty: nl.ndarray,
    of_penalties: list[nl.ndarray],
    resident: int,
    turn: int,
) -> None:
    """Add each sequence's mask to a group's logits: 0 or a large negative number a token."""
    passes = (penalty.shape[0] + 127) // 128
    batch = rows.shape[1] // passes
    first, last = group[0][0], group[len(group) - 1]
    width = last[0] + last[1] - first
    for j in range(passes):
        masks = min(128, penalty.shape[0] - j * 128)
        slot, start = of_penalties[len(of_penalties) - 1], j * resident + first
        if first + width > resident:
            slot, start = of_penalties[turn % 2 * passes + j], 0
            source = penalty[j * 128 : j * 128 + masks, first : first + width]
            stream_penalties(slot[0:masks, 0:width], source)
        for i in range(len(group)):
            low = start + group[i][0] - first
            nisa.nc_matmul(
                dst=logits[i],
                stationary=rows[0:masks, j * batch : (j + 1) * batch],
                moving=slot[0:masks, low : low + group[i][1]],
            )


def stream_penalties(slot: nl.ndarray, source: nl.ndarray) -> None:
    """Up to 128 masks, a group's columns."""
    nisa.dma_copy(dst=slot, src=source)


def maxima(batch: int, tiles: int) -> tuple[nl.ndarray, nl.ndarray]:
    """[b, 8 * tiles] for the 8 best of each tile and their places; at least 8 tiles, the spare ones lowest."""
    slots = max(tiles, 8)
    best = nl.ndarray((batch, 8 * slots), dtype=nl.float32, buffer=nl.sbuf)
    place = nl.ndarray((batch, 8 * slots), dtype=nl.uint32, buffer=nl.sbuf)
    if tiles < slots:
        nisa.memset(dst=best[:, 8 * tiles : 8 * slots], value=LOWEST)
        nisa.memset(dst=place[:, 8 * tiles : 8 * slots], value=0)
    return best, place


def tile_maximum(
    logits: nl.ndarray,
    bounds: tuple[int, int],
    sampling: tuple[bool, nl.ndarray, nl.ndarray],
    best: nl.ndarray,
    place: nl.ndarray,
    tile: int,
    step: int,
) -> None:
    """The 8 best of a tile and where they first stand."""
    keys = logits
    if sampling[0]:
        keys = noisy(logits, bounds, sampling[1], sampling[2], step)
    nisa.max8(dst=best[:, 8 * tile : 8 * tile + 8], src=keys)
    nisa.nc_find_index8(dst=place[:, 8 * tile : 8 * tile + 8], data=keys, vals=best[:, 8 * tile : 8 * tile + 8])


def noisy(
    logits: nl.ndarray, bounds: tuple[int, int], noise: nl.ndarray, temperature: nl.ndarray, step: int
) -> nl.ndarray:
    """temperature * noise + logits, [b, 512] in SBUF."""
    batch, width = logits.shape
    drawn = nl.ndarray((batch, width), dtype=noise.dtype, buffer=nl.sbuf)
    rows = noise[step * batch : (step + 1) * batch, bounds[0] : bounds[0] + width]
    nisa.dma_copy(dst=drawn, src=rows)
    keys = nl.ndarray((batch, width), dtype=nl.float32, buffer=nl.sbuf)
    nisa.scalar_tensor_tensor(dst=keys, data=drawn, op0=nl.multiply, operand0=temperature, op1=nl.add, operand1=logits)
    return keys


def lowest_best(
    best: nl.ndarray, place: nl.ndarray, numbers: nl.ndarray, bounds: list[tuple[int, int]]
) -> tuple[nl.ndarray, nl.ndarray]:
    """The best value of all tiles and the lowest token that has it: the first tile's first place."""
    batch, slots = best.shape[0], best.shape[1] // 8
    firsts = [[8 * slots, batch], [8, slots]]
    top = nl.ndarray((batch, 8), dtype=nl.float32, buffer=nl.sbuf)
    nisa.max8(dst=top, src=best.ap(pattern=firsts, offset=0))
    tiles = nl.ndarray((batch, 8), dtype=nl.uint32, buffer=nl.sbuf)
    nisa.nc_find_index8(dst=tiles, data=best.ap(pattern=firsts, offset=0), vals=top)
    tile = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=tile, src=tiles[:, 0:1])
    masked = nl.ndarray((batch, slots), dtype=nl.float32, buffer=nl.sbuf)
    nisa.scalar_tensor_tensor(
        dst=masked,
        data=numbers,
        op0=nl.equal,
        operand0=tile,
        op1=nl.multiply,
        operand1=place.ap(pattern=firsts, offset=0),
    )
    inside = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=inside, op=nl.add, data=masked, axis=1)
    # All tiles begin at multiples of 512 but perhaps the last, which then begins lower.
    start = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    last = bounds[len(bounds) - 1][0] * 1.0
    nisa.tensor_scalar(dst=start, data=tile, op0=nl.multiply, operand0=TILE * 1.0, op1=nl.minimum, operand1=last)
    token = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=token, data1=start, data2=inside, op=nl.add)
    return top[:, 0:1], token


def tile_numbers(batch: int, columns: int) -> nl.ndarray:
    """0, 1, 2 ... for each slot of `maxima`, fp32."""
    slots = max(len(tile_bounds(columns)), 8)
    numbers = nl.ndarray((batch, slots), dtype=nl.float32, buffer=nl.sbuf)
    nisa.iota(dst=numbers, pattern=[[1, slots]], offset=0, channel_multiplier=0)
    return numbers


def store_tokens(tokens: nl.ndarray, token: nl.ndarray, step: int) -> None:
    """The tokens of a step, to int32 in HBM."""
    batch = token.shape[0]
    whole = nl.ndarray((batch, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=whole, src=token)
    nisa.dma_copy(dst=tokens[step * batch : (step + 1) * batch, :], src=whole)


def global_token(token: nl.ndarray, first_token: nl.ndarray) -> nl.ndarray:
    """A shard's token in the whole vocabulary's numbering."""
    first = nl.ndarray(first_token.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=first, src=first_token)
    whole = nl.ndarray(token.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=whole, data1=token, data2=first, op=nl.add)
    return whole


def best_shard(values: nl.ndarray, tokens: nl.ndarray, batch: int) -> nl.ndarray:
    """fp32 [b, 1]: of [n * b, 1] values and tokens, shard by shard, the lowest token that has the best value."""
    shards = values.shape[0] // batch
    across = [[1, batch], [batch, shards]]
    value = nl.ndarray((batch, shards), dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=value, src=values.ap(pattern=across, offset=0))
    token = nl.ndarray((batch, shards), dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=token, src=tokens.ap(pattern=across, offset=0))
    top = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=top, op=nl.maximum, data=value, axis=1)
    worse = nl.ndarray((batch, shards), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=worse, data=value, op0=nl.less, operand0=top, op1=nl.multiply, operand1=BEYOND)
    ranked = nl.ndarray((batch, shards), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=ranked, data1=worse, data2=token, op=nl.add)
    lowest = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=lowest, op=nl.minimum, data=ranked, axis=1)
    return lowest
