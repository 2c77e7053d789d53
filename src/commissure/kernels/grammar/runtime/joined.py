"""The mask rows of several grammars over one vocabulary as one set of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from commissure.kernels.grammar.tables.rows import COMPLEMENT, IDS, Rows, packed_bits


def joined_rows(parts: Sequence[Rows], size: int) -> Rows:
    """Row 0 allows nothing, row 1 everything, then the rows of each part but its empty row 0, in order."""
    nothing_and_all = np.stack([packed_bits(np.full(size, allowed)) for allowed in (False, True)])
    lengths = np.concatenate([[0, 0], *(np.diff(part.begin)[1:] for part in parts)])
    return Rows(
        size,
        np.concatenate([nothing_and_all, *(part.packed[1:] for part in parts)]),
        np.concatenate([np.array([IDS, COMPLEMENT], np.uint8), *(part.form[1:] for part in parts)]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([part.data[part.begin[1] :] for part in parts]),
    )
