"""Vocabularies that are read from other packages, which need not be there."""

import pytest

from commissure.hal.errors import MissingExtra
from commissure.kernels.grammar import Vocabulary, load


def installed(name: str) -> Vocabulary:
    """The vocabulary; skips the test, saying what is absent, where its package is not installed."""
    try:
        return load(name)
    except MissingExtra as error:
        pytest.skip(str(error))
