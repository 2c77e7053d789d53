"""How the kernel reads tables for a whole batch at once: by row gathers, or by products with one-hot rows.

Portable dialect. `chip` are the constants that `constants` makes.
"""

import nki.isa as nisa
import nki.language as nl

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
