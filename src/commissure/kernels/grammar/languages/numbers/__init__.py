"""Sets of JSON numbers as languages of their spellings over bytes."""

from commissure.kernels.grammar.languages.numbers.sets import (
    Numbers,
    any_number,
    at_least,
    at_most,
    exactly,
    integers,
    multiple_of,
)

__all__ = ["Numbers", "any_number", "at_least", "at_most", "exactly", "integers", "multiple_of"]
