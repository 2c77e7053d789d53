"""The part of the kernel that only constrained decoding needs: rows of masks from states, and the next states.

Portable dialect. A sequence's standing `at` is (state, count, key, record): count and record [b, 8] in fp32; with
gathers state and key are int32, key the record as integers; with one-hot products state is fp32, key its one-hot rows.
`tables` are in HBM with gathers, resident in SBUF with products. `chip` are constants that `constants` makes.
"""

import nki.isa as nisa
import nki.language as nl

TOKENS, LOCAL, BASE, LOW, RISE, HIGH, DROP, RECORD = 0, 1, 2, 3, 4, 5, 6, 8
TOKEN_COLUMNS = 512
TOKEN_SHIFT = 9
DIGIT = 1024.0
BANK = 512
WIDEST = 32768
"""Elements per partition in one transfer; an access has at most 65,536."""


def constants(batch: int, columns: int, passes: int) -> tuple[nl.ndarray, ...]:
    """Identity [b, b], ones [b, 128], column numbers [b, columns], and p + 128 j on partition p, column j."""
    ones = nl.ndarray((batch, 128), dtype=nl.float32, buffer=nl.sbuf)
    nisa.memset(dst=ones, value=1.0)
    identity = nl.ndarray((batch, batch), dtype=nl.float32, buffer=nl.sbuf)
    nisa.affine_select(
        dst=identity,
        pattern=[[1, batch]],
        offset=0,
        channel_multiplier=-1,
        on_true_tile=ones[:, 0:batch],
        on_false_value=0.0,
        cmp_op=nl.equal,
    )
    numbers = nl.ndarray((batch, columns), dtype=nl.float32, buffer=nl.sbuf)
    nisa.iota(dst=numbers, pattern=[[1, columns]], offset=0, channel_multiplier=0)
    rows = nl.ndarray((128, passes), dtype=nl.float32, buffer=nl.sbuf)
    nisa.iota(dst=rows, pattern=[[128, passes]], offset=0, channel_multiplier=1)
    return identity, ones, numbers, rows


def resident_table(table: nl.ndarray) -> nl.ndarray:
    """[K, n] in HBM as [128, ceil(K / 128) * n] in SBUF: row p + 128 j on partition p, from column j * n on."""
    rows, columns = table.shape
    held = nl.ndarray((128, (rows + 127) // 128 * columns), dtype=table.dtype, buffer=nl.sbuf)
    for first in range(0, rows, 128):
        last, start = min(first + 128, rows), first // 128 * columns
        for low in range(0, columns, WIDEST):
            high = min(low + WIDEST, columns)
            nisa.dma_copy(dst=held[0 : last - first, start + low : start + high], src=table[first:last, low:high])
    return held


def on_all_partitions(value: nl.ndarray, chip: tuple[nl.ndarray, ...]) -> nl.ndarray:
    """PSUM [128, b]: the fp32 numbers of the batch, [b, 1], the same on each partition."""
    batch = value.shape[0]
    diagonal = nl.ndarray((batch, batch), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=diagonal, data=chip[0], op0=nl.multiply, operand0=value)
    spread = nl.ndarray((128, batch), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_matmul(dst=spread, stationary=chip[1], moving=diagonal)
    return spread


def one_hot_rows(value: nl.ndarray, passes: int, dtype: str, chip: tuple[nl.ndarray, ...]) -> nl.ndarray:
    """[128, passes * b]: 1 where partition p of pass j is the sequence's number, p + 128 j."""
    batch = value.shape[0]
    spread = on_all_partitions(value, chip)
    rows = nl.ndarray((128, passes * batch), dtype=dtype, buffer=nl.sbuf)
    for j in range(passes):
        nisa.tensor_scalar(
            dst=rows[:, j * batch : (j + 1) * batch], data=spread, op0=nl.equal, operand0=chip[3][:, j : j + 1]
        )
    return rows


def gather_rows(table: nl.ndarray, index: nl.ndarray) -> nl.ndarray:
    """[b, n]: rows of an HBM table by number, int32 [b, 1]. Documented for NeuronCore-v3 and later."""
    batch, columns = index.shape[0], table.shape[1]
    rows = nl.ndarray((batch, columns), dtype=table.dtype, buffer=nl.sbuf)
    pattern = [[columns, batch], [1, columns]]
    nisa.dma_copy(dst=rows, src=table.ap(pattern=pattern, offset=0, vector_offset=index, indirect_dim=0))
    return rows


def product_rows(one_hot: nl.ndarray, held: nl.ndarray, passes: int, first: int, columns: int) -> nl.ndarray:
    """PSUM [b, columns <= 512]: of each sequence's row in a resident table, the columns from `first` on."""
    batch, pitch = one_hot.shape[1] // passes, held.shape[1] // passes
    rows = nl.ndarray((batch, columns), dtype=nl.float32, buffer=nl.psum)
    for j in range(passes):
        start = j * pitch + first
        nisa.nc_matmul(
            dst=rows, stationary=one_hot[:, j * batch : (j + 1) * batch], moving=held[:, start : start + columns]
        )
    return rows


def one_hot_columns(column: nl.ndarray, columns: int, chip: tuple[nl.ndarray, ...]) -> nl.ndarray:
    """fp32 [b, columns]: 1 in the sequence's fp32 column."""
    hit = nl.ndarray((column.shape[0], columns), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=hit, data=chip[2][:, 0:columns], op0=nl.equal, operand0=column)
    return hit


def selected_column(one_hot: nl.ndarray, held: nl.ndarray, passes: int, first: int, hit: nl.ndarray) -> nl.ndarray:
    """fp32 [b, 1]: one number of each sequence's row, by its one-hot column, from column `first` on."""
    batch, columns = hit.shape
    masked = nl.ndarray((batch, columns), dtype=nl.float32, buffer=nl.sbuf)
    for low in range(0, columns, BANK):
        high = min(low + BANK, columns)
        rows = product_rows(one_hot, held, passes, first + low, high - low)
        nisa.tensor_tensor(dst=masked[:, low:high], data1=rows, data2=hit[:, low:high], op=nl.multiply)
    value = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=value, op=nl.add, data=masked, axis=1)
    return value


def as_type(value: nl.ndarray, dtype: str) -> nl.ndarray:
    """A copy in another type."""
    copy = nl.ndarray(value.shape, dtype=dtype, buffer=nl.sbuf)
    nisa.tensor_copy(dst=copy, src=value)
    return copy


def of_digits(high: nl.ndarray, low: nl.ndarray) -> nl.ndarray:
    """high * 1024 + low."""
    value = nl.ndarray(low.shape, dtype=nl.float32, buffer=nl.sbuf)
    nisa.scalar_tensor_tensor(dst=value, data=high, op0=nl.multiply, operand0=DIGIT, op1=nl.add, operand1=low)
    return value


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
    """fp32 [b, 1]: the class of each token, from a table of rows of 512 tokens."""
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
    blocks = digits + (1 + digits if counted else 0)
    columns = tables[1].shape[1] // (passes * blocks)
    hit = one_hot_columns(kind, columns, chip)
    found = []
    for block in range(blocks):
        found.append(selected_column(at[2], tables[1], passes, block * columns, hit))  # noqa: PERF401
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
