"""The fused kernel: logits, masks, arg-max and the next states in one launch. Portable NKI dialect, 0.2 to 0.6.

W moves: a tile of logits is [b, 512] in PSUM, a sequence a partition, so that arg-max is two passes of VectorE whose
length does not depend on b <= 128, and its lowest index is found as it stands. With W stationary the tensor engine
would take half of the cycles, but the step waits for HBM to bring W in either case. The mask is one more product of
the same accumulation group: one-hot row x penalties. Adding 0 is exact, so allowed logits are what they were.
"""

import nki
import nki.isa as nisa
import nki.language as nl

from commissure.kernels.nki.constrained_logits import (
    best_shard,
    best_token,
    global_token,
    load_temperature,
    penalty_slots,
    store_tokens,
    weight_slots,
)
from commissure.kernels.nki.constrained_states import (
    TOKEN_COLUMNS,
    advance_states,
    load_states,
    move_blocks,
    store_states,
)
from commissure.kernels.nki.constrained_tables import constants, resident_table


@nki.jit
def constrained_decode(
    hidden: nl.ndarray,
    weights: nl.ndarray,
    penalty: nl.ndarray,
    noise: nl.ndarray,
    temperature: nl.ndarray,
    states: nl.ndarray,
    counts: nl.ndarray,
    of_token: nl.ndarray,
    of_class: nl.ndarray,
    of_state: nl.ndarray,
    of_row: nl.ndarray,
    gather: bool,
    counted: bool,
    digits: int,
    sampled: bool,
    resident: int,
    depth: int,
) -> tuple[nl.ndarray, ...]:
    """T steps for a batch: tokens [T * b, 1], states [b, 1], counts [b, 1], int32.

    `hidden` [T * 128, K * b]: element (t * 128 + p, k * b + j) is entry k * 128 + p of sequence j at step t; `weights`
    [K * 128, V]; `penalty` [M, V]; `noise` [T * b, V] and `temperature` [b, 1] fp32, read if
    `sampled`; `states` and `counts` int32 [b, 1]; the four tables as commissure.kernels.nki.pack_tables.Tables.
    `resident` columns of the penalties, all or a multiple of 1,536, stay in SBUF; `depth` rows of W are held at a time.
    """
    batch = states.shape[0]
    of_weights = weight_slots(weights, depth)
    sampling = (sampled, noise, load_temperature(temperature))
    hbm = (of_token, of_class, of_state, of_row)
    tables, chip = state_machine(hbm, penalty, batch, gather, class_columns(of_class, counted, digits))
    at = load_states(states, counts, tables, chip, gather)
    of_penalties = penalty_slots(penalty, resident)
    steps = hidden.shape[0] // 128
    tokens = nl.ndarray((steps * batch, 1), dtype=nl.int32, buffer=nl.shared_hbm)
    for step in range(steps):
        masking = (at, tables, chip, penalty, of_penalties, gather, counted, resident)
        found = best_token(hidden, weights, of_weights, sampling, masking, step, batch)
        store_tokens(tokens, found[1], step)
        at = advance_states(found[1], at, tables, chip, gather, counted, digits)
    final = store_states(at)
    return tokens, final[0], final[1]


@nki.jit
def unconstrained_decode(
    hidden: nl.ndarray,
    weights: nl.ndarray,
    noise: nl.ndarray,
    temperature: nl.ndarray,
    sampled: bool,
    depth: int,
) -> nl.ndarray:
    """The same without masks: tokens [T * b, 1]."""
    batch = temperature.shape[0]
    of_weights = weight_slots(weights, depth)
    sampling = (sampled, noise, load_temperature(temperature))
    steps = hidden.shape[0] // 128
    tokens = nl.ndarray((steps * batch, 1), dtype=nl.int32, buffer=nl.shared_hbm)
    for step in range(steps):
        found = best_token(hidden, weights, of_weights, sampling, (), step, batch)
        store_tokens(tokens, found[1], step)
    return tokens


@nki.jit
def shard_best(
    hidden: nl.ndarray,
    weights: nl.ndarray,
    penalty: nl.ndarray,
    noise: nl.ndarray,
    temperature: nl.ndarray,
    states: nl.ndarray,
    counts: nl.ndarray,
    first_token: nl.ndarray,
    of_state: nl.ndarray,
    of_row: nl.ndarray,
    gather: bool,
    counted: bool,
    sampled: bool,
    resident: int,
    depth: int,
) -> tuple[nl.ndarray, ...]:
    """One core's part of one step: its best value, fp32 [b, 1], and that token's number, int32 [b, 1].

    All tensors over the vocabulary are this core's columns; `first_token` fp32 [b, 1] is the number of its first.
    """
    batch = states.shape[0]
    of_weights = weight_slots(weights, depth)
    sampling = (sampled, noise, load_temperature(temperature))
    held, chip = state_machine((of_state, of_row), penalty, batch, gather, 8)
    tables = (of_state, of_state, held[0], held[1])
    at = load_states(states, counts, tables, chip, gather)
    of_penalties = penalty_slots(penalty, resident)
    masking = (at, tables, chip, penalty, of_penalties, gather, counted, resident)
    found = best_token(hidden, weights, of_weights, sampling, masking, 0, batch)
    values = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=values, src=found[0])
    tokens = nl.ndarray((batch, 1), dtype=nl.int32, buffer=nl.shared_hbm)
    store_tokens(tokens, global_token(found[1], first_token), 0)
    return values, tokens


@nki.jit
def merge_shards(
    values: nl.ndarray,
    tokens: nl.ndarray,
    states: nl.ndarray,
    counts: nl.ndarray,
    of_token: nl.ndarray,
    of_class: nl.ndarray,
    of_state: nl.ndarray,
    gather: bool,
    counted: bool,
    digits: int,
) -> tuple[nl.ndarray, ...]:
    """The best of n shards' values [n * b, 1], lowest token of equals, and the next states: as constrained_decode."""
    batch = states.shape[0]
    columns = class_columns(of_class, counted, digits)
    tables, chip = state_machine((of_token, of_class, of_state), of_state, batch, gather, columns)
    at = load_states(states, counts, tables, chip, gather)
    token = best_shard(values, tokens, batch)
    chosen = nl.ndarray((batch, 1), dtype=nl.int32, buffer=nl.shared_hbm)
    store_tokens(chosen, token, 0)
    final = store_states(advance_states(token, at, tables, chip, gather, counted, digits))
    return chosen, final[0], final[1]


def state_machine(
    hbm: tuple[nl.ndarray, ...], penalty: nl.ndarray, batch: int, gather: bool, columns: int
) -> tuple[tuple[nl.ndarray, ...], tuple[nl.ndarray, ...]]:
    """The tables where they are read from, and the constants that reading rows of up to `columns` takes."""
    passes = (penalty.shape[0] + 127) // 128
    if gather:
        return hbm, constants(batch, 8, passes)
    tables = []
    for table in hbm:
        passes = max(passes, table.shape[0] // 128)
        tables.append(resident_table(table))
    return tuple(tables), constants(batch, columns, passes)


def class_columns(of_class: nl.ndarray, counted: bool, digits: int) -> int:
    """The widest row in which a sequence's number is looked for: of tokens, or of classes."""
    widest: int = max(TOKEN_COLUMNS, of_class.shape[1] // move_blocks(counted, digits))
    return widest
