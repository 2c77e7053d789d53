"""The part of the kernel that only constrained decoding needs: rows of masks from states, and the next states.

Portable dialect. A sequence's standing `at` is (state, count, key, record): count and record [b, 8] in fp32; with
gathers state and key are int32, key the record as integers; with one-hot products state is fp32, key its one-hot rows.
`tables` are in HBM with gathers, resident in SBUF with products. `chip` are constants that `constants` makes.
"""

import nki.isa as nisa
import nki.language as nl

from commissure.kernels.nki.constrained_tables import (
    as_type,
    gather_rows,
    of_digits,
    one_hot_columns,
    one_hot_rows,
    product_rows,
    selected_column,
)

TOKENS, LOCAL, BASE, LOW, RISE, HIGH, DROP, RECORD = 0, 1, 2, 3, 4, 5, 6, 8
TOKEN_COLUMNS = 256
"""Tokens in a row of the table of classes: more make the search within a row longer, fewer that for the row."""
TOKEN_SHIFT = 8


def load_states(
    states: nl.ndarray, counts: nl.ndarray, tables: tuple[nl.ndarray, ...], chip: tuple[nl.ndarray, ...], gather: bool
) -> tuple[nl.ndarray, ...]:
    """Where each sequence stands, from int32 [b, 1] states and counts in HBM."""
    state = nl.ndarray(states.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=state, src=states)
    count = nl.ndarray(counts.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=count, src=counts)
    if not gather:
        state = as_type(state, nl.float32)
    return standing(state, as_type(count, nl.float32), tables, chip, gather)


def standing(
    state: nl.ndarray, count: nl.ndarray, tables: tuple[nl.ndarray, ...], chip: tuple[nl.ndarray, ...], gather: bool
) -> tuple[nl.ndarray, ...]:
    """`at`, with the state's record looked up."""
    if gather:
        record = gather_rows(tables[2], state)
        return state, count, record, as_type(record, nl.float32)
    passes = tables[2].shape[1] // (2 * RECORD)
    one_hot = one_hot_rows(state, passes, nl.float16, chip)
    digits = as_type(product_rows(one_hot, tables[2], passes, 0, 2 * RECORD), nl.float32)
    return state, count, one_hot, of_digits(digits[:, RECORD : 2 * RECORD], digits[:, 0:RECORD])


def mask_row(count: nl.ndarray, record: nl.ndarray) -> nl.ndarray:
    """base + clip(count - low, 0, rise) + clip(count - high, 0, drop), fp32 [b, 1]."""
    row = record[:, BASE : BASE + 1]
    for low in (LOW, HIGH):
        over = nl.ndarray(count.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar(
            dst=over, data=count, op0=nl.subtract, operand0=record[:, low : low + 1], op1=nl.maximum, operand1=0.0
        )
        moved = nl.ndarray(count.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar(
            dst=moved, data=over, op0=nl.minimum, operand0=record[:, low + 1 : low + 2], op1=nl.add, operand1=row
        )
        row = moved
    return row


def mask_one_hot(
    at: tuple[nl.ndarray, ...],
    tables: tuple[nl.ndarray, ...],
    chip: tuple[nl.ndarray, ...],
    penalty: nl.ndarray,
    gather: bool,
    counted: bool,
) -> nl.ndarray:
    """[128, ceil(M / 128) * b] in the penalties' type: which mask each sequence stands under."""
    passes = (penalty.shape[0] + 127) // 128
    if gather:
        mask = at[3][:, BASE : BASE + 1]
        if counted:
            row = as_type(mask_row(at[1], at[3]), nl.int32)
            mask = as_type(gather_rows(tables[3], row), nl.float32)
        return one_hot_rows(mask, passes, penalty.dtype, chip)
    if counted:
        of_rows = tables[3].shape[1] // (passes * 128)
        return selected_masks(one_hot_rows(mask_row(at[1], at[3]), of_rows, nl.float16, chip), tables[3], penalty)
    return selected_masks(at[2], tables[3], penalty)


def selected_masks(one_hot: nl.ndarray, held: nl.ndarray, penalty: nl.ndarray) -> nl.ndarray:
    """One-hot masks from one-hot rows or states, by a product with the 0/1 table of which mask each selects."""
    passes = (penalty.shape[0] + 127) // 128
    of_rows = held.shape[1] // (passes * 128)
    batch = one_hot.shape[1] // of_rows
    masks = nl.ndarray((128, passes * batch), dtype=penalty.dtype, buffer=nl.sbuf)
    for j in range(passes):
        chosen = nl.ndarray((128, batch), dtype=nl.float32, buffer=nl.psum)
        for r in range(of_rows):
            start = (r * passes + j) * 128
            nisa.nc_matmul(
                dst=chosen, stationary=held[:, start : start + 128], moving=one_hot[:, r * batch : (r + 1) * batch]
            )
        nisa.tensor_copy(dst=masks[:, j * batch : (j + 1) * batch], src=chosen)
    return masks


def advance_states(
    token: nl.ndarray,
    at: tuple[nl.ndarray, ...],
    tables: tuple[nl.ndarray, ...],
    chip: tuple[nl.ndarray, ...],
    gather: bool,
    counted: bool,
    digits: int,
) -> tuple[nl.ndarray, ...]:
    """Where each sequence stands after its token, fp32 [b, 1]: count' = keeps * count + adds."""
    whole = as_type(token, nl.int32)
    if gather:
        state, keeps, adds = gathered_move(whole, at, tables, counted)
    else:
        state, keeps, adds = product_move(whole, at, tables, chip, counted, digits)
    count = at[1]
    if counted:
        count = nl.ndarray(token.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.scalar_tensor_tensor(dst=count, data=at[1], op0=nl.multiply, operand0=keeps, op1=nl.add, operand1=adds)
    return standing(state, count, tables, chip, gather)


def gathered_move(
    token: nl.ndarray, at: tuple[nl.ndarray, ...], tables: tuple[nl.ndarray, ...], counted: bool
) -> tuple[nl.ndarray, ...]:
    """Next state, keeps, adds: two dependent gathers. Sums are of int32, which GpSimdE does exactly."""
    place = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=place, data1=token, data2=at[2][:, TOKENS : TOKENS + 1], op=nl.add)
    row = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=row, data1=gather_rows(tables[0], place), data2=at[2][:, LOCAL : LOCAL + 1], op=nl.add)
    move = gather_rows(tables[1], row)
    state = as_type(move[:, 0:1], nl.int32)
    if not counted:
        return state, state, state
    numbers = as_type(move, nl.float32)
    return state, numbers[:, 1:2], numbers[:, 2:3]


def token_class(
    token: nl.ndarray, at: tuple[nl.ndarray, ...], held: nl.ndarray, chip: tuple[nl.ndarray, ...]
) -> nl.ndarray:
    """fp32 [b, 1]: the class of each token, from a table of rows of 256 tokens."""
    high = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=high, data=token, op0=nl.right_shift, operand0=TOKEN_SHIFT)
    low = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=low, data=token, op0=nl.bitwise_and, operand0=TOKEN_COLUMNS - 1)
    row = nl.ndarray(token.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=row, data1=high, data2=at[3][:, TOKENS : TOKENS + 1], op=nl.add)
    passes = held.shape[1] // TOKEN_COLUMNS
    one_hot = one_hot_rows(row, passes, nl.float16, chip)
    hit = one_hot_columns(as_type(low, nl.float32), TOKEN_COLUMNS, chip)
    return selected_column(one_hot, held, passes, 0, hit)


def move_blocks(counted: bool, digits: int) -> int:
    """Numbers in a move of the one-hot form: the next state's digits; with a register keeps and the digits of adds."""
    return digits + (1 + digits if counted else 0)


def product_move(
    token: nl.ndarray,
    at: tuple[nl.ndarray, ...],
    tables: tuple[nl.ndarray, ...],
    chip: tuple[nl.ndarray, ...],
    counted: bool,
    digits: int,
) -> tuple[nl.ndarray, ...]:
    """Next state, keeps, adds: the state's row for all classes is a product; the class picks a column of it."""
    kind = token_class(token, at, tables[0], chip)
    passes = tables[2].shape[1] // (2 * RECORD)
    blocks = move_blocks(counted, digits)
    columns = tables[1].shape[1] // (passes * blocks)
    hit = one_hot_columns(kind, columns, chip)
    found = []
    for block in range(blocks):
        found.append(selected_column(at[2], tables[1], passes, block * columns, hit))
    state = found[0] if digits == 1 else of_digits(found[1], found[0])
    if not counted:
        return state, state, state
    adds = found[digits + 1] if digits == 1 else of_digits(found[digits + 2], found[digits + 1])
    return state, found[digits], adds


def store_states(at: tuple[nl.ndarray, ...]) -> tuple[nl.ndarray, ...]:
    """States and counts as int32 [b, 1] in HBM."""
    states = nl.ndarray(at[0].shape, dtype=nl.int32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=states, src=as_type(at[0], nl.int32))
    counts = nl.ndarray(at[1].shape, dtype=nl.int32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=counts, src=as_type(at[1], nl.int32))
    return states, counts
