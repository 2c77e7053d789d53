"""Which parts of the fused kernel an unconstrained decode does without, by the names that a trace labels them with."""

from __future__ import annotations

ADDED: tuple[str, ...] = (
    "add_penalties",
    "advance_states",
    "as_type",
    "constants",
    "gather_rows",
    "gathered_move",
    "load_states",
    "mask_row",
    "of_digits",
    "on_all_partitions",
    "one_hot_columns",
    "one_hot_rows",
    "product_rows",
    "resident_table",
    "selected_column",
    "selected_masks",
    "store_states",
    "stream_penalties",
    "token_class",
)
