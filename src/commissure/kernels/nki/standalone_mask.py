"""The comparison: a mask over logits that are in SBUF already, one sequence after another. Portable NKI dialect.

The vocabulary lies over the partitions, token = p * F + f, F = V / 128, so that an element-wise pass over one sequence
takes F cycles; a batch takes b times that, which is why masking belongs into the product that makes the logits.
"""

import nki
import nki.isa as nisa
import nki.language as nl

BEYOND = 8388608.0
"""2^23: above any token, and exact with a token added."""


@nki.jit
def masked_argmax(logits: nl.ndarray, penalty: nl.ndarray, rows: nl.ndarray, held: bool) -> nl.ndarray:
    """Tokens int32 [b, 1], the lowest of equals: `logits` [b, V] fp32 or bf16, `rows` int32 [1, b] of `penalty` [M, V].

    V is a multiple of 128, and at least 1,024. `held`: all penalties stay in SBUF and a row is taken at an offset that
    is known when it runs; else each sequence's row is copied from HBM first. Both are of the logits' type.
    """
    batch, vocabulary = logits.shape
    width = vocabulary // 128
    scores = load_logits(logits)
    row = load_rows(rows)
    table = load_table(penalty) if held else penalty
    best = nl.ndarray((128, 8 * batch), dtype=nl.float32, buffer=nl.sbuf)
    place = nl.ndarray((128, 8 * batch), dtype=nl.uint32, buffer=nl.sbuf)
    for sequence in range(batch):
        mask = held_row(table, row, sequence) if held else streamed_row(table, row, sequence)
        masked = apply_mask(scores[:, sequence * width : (sequence + 1) * width], mask)
        partition_maximum(masked, best, place, sequence)
    return store_tokens(lowest_best(best, place, width))


def load_logits(logits: nl.ndarray) -> nl.ndarray:
    """[128, b * F] in SBUF; another kernel would have left them there."""
    batch, vocabulary = logits.shape
    width = vocabulary // 128
    scores = nl.ndarray((128, batch * width), dtype=logits.dtype, buffer=nl.sbuf)
    for sequence in range(batch):
        source = logits.ap(pattern=[[width, 128], [1, width]], offset=sequence * vocabulary)
        nisa.dma_copy(dst=scores[:, sequence * width : (sequence + 1) * width], src=source)
    return scores


def load_rows(rows: nl.ndarray) -> nl.ndarray:
    """int32 [1, b] in SBUF."""
    row = nl.ndarray(rows.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=row, src=rows)
    return row


def load_table(penalty: nl.ndarray) -> nl.ndarray:
    """[128, M, F] in SBUF, once for all steps."""
    masks, vocabulary = penalty.shape
    width = vocabulary // 128
    table = nl.ndarray((128, masks, width), dtype=penalty.dtype, buffer=nl.sbuf)
    for mask in range(masks):
        source = penalty.ap(pattern=[[width, 128], [1, width]], offset=mask * vocabulary)
        nisa.dma_copy(dst=table[:, mask, :], src=source)
    return table


def held_row(table: nl.ndarray, row: nl.ndarray, sequence: int) -> nl.ndarray:
    """[128, F]: the sequence's row, where it lies."""
    masks, width = table.shape[1], table.shape[2]
    pattern = [[masks * width, 128], [1, width]]
    return table.ap(pattern=pattern, offset=0, scalar_offset=row[:, sequence : sequence + 1], indirect_dim=1)


def streamed_row(penalty: nl.ndarray, row: nl.ndarray, sequence: int) -> nl.ndarray:
    """[128, F]: a copy of the sequence's row in HBM."""
    width = penalty.shape[1] // 128
    mask = nl.ndarray((128, width), dtype=penalty.dtype, buffer=nl.sbuf)
    pattern = [[width, 128], [1, width]]
    source = penalty.ap(pattern=pattern, offset=0, scalar_offset=row[:, sequence : sequence + 1], indirect_dim=0)
    nisa.dma_copy(dst=mask, src=source)
    return mask


def apply_mask(scores: nl.ndarray, mask: nl.ndarray) -> nl.ndarray:
    """scores + mask, fp32 or bf16 as they are."""
    masked = nl.ndarray(scores.shape, dtype=scores.dtype, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=masked, data1=scores, data2=mask, op=nl.add)
    return masked


def partition_maximum(masked: nl.ndarray, best: nl.ndarray, place: nl.ndarray, sequence: int) -> None:
    """The 8 best of each partition and where they first stand."""
    eight = best[:, 8 * sequence : 8 * sequence + 8]
    nisa.max8(dst=eight, src=masked)
    nisa.nc_find_index8(dst=place[:, 8 * sequence : 8 * sequence + 8], data=masked, vals=eight)


def lowest_best(best: nl.ndarray, place: nl.ndarray, width: int) -> nl.ndarray:
    """fp32 [b, 1]: the lowest token that has the best value of all partitions."""
    batch = best.shape[1] // 8
    firsts = [[8 * batch, 128], [8, batch]]
    start = nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.iota(dst=start, pattern=[[1, 1]], offset=0, channel_multiplier=width)
    token = nl.ndarray((128, batch), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=token, data=place.ap(pattern=firsts, offset=0), op0=nl.add, operand0=start)
    value = nl.ndarray((128, batch), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=value, src=best.ap(pattern=firsts, offset=0))
    values, tokens = transposed(value), transposed(token)
    top = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=top, op=nl.maximum, data=values, axis=1)
    worse = nl.ndarray((batch, 128), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_scalar(dst=worse, data=values, op0=nl.less, operand0=top, op1=nl.multiply, operand1=BEYOND)
    ranked = nl.ndarray((batch, 128), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_tensor(dst=ranked, data1=worse, data2=tokens, op=nl.add)
    lowest = nl.ndarray((batch, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.tensor_reduce(dst=lowest, op=nl.minimum, data=ranked, axis=1)
    return lowest


def transposed(tile: nl.ndarray) -> nl.ndarray:
    """[b, 128] in PSUM of [128, b]; its numbers are finite, as NeuronCore-v2 needs."""
    turned = nl.ndarray((tile.shape[1], tile.shape[0]), dtype=nl.float32, buffer=nl.psum)
    nisa.nc_transpose(dst=turned, data=tile, engine=nisa.engine.tensor)
    return turned


def store_tokens(token: nl.ndarray) -> nl.ndarray:
    """int32 [b, 1] in HBM."""
    whole = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.sbuf)
    nisa.tensor_copy(dst=whole, src=token)
    tokens = nl.ndarray(token.shape, dtype=nl.int32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=tokens, src=whole)
    return tokens
