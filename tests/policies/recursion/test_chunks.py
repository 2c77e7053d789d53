"""Pieces joined are the text, whatever the text; and they are cut where it breaks by itself."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.policies.recursion.plans.chunks import chunks

texts = st.one_of(st.text(max_size=400), st.text(alphabet="ab \n", max_size=400))


@settings(max_examples=300, deadline=None)
@given(text=texts, tokens=st.integers(1, 40), lines=st.booleans())
def test_no_character_is_lost_or_doubled_and_no_piece_is_too_long_or_empty(text: str, tokens: int, lines: bool) -> None:
    pieces = chunks(text, tokens, lines=lines)
    assert "".join(pieces) == text
    assert all(1 <= len(piece) <= 4 * tokens for piece in pieces)


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="ab \n", max_size=400), tokens=st.integers(1, 20))
def test_with_lines_only_what_is_longer_than_a_piece_is_cut_within_a_line(text: str, tokens: int) -> None:
    pieces = chunks(text, tokens, lines=True)
    for piece in pieces[:-1]:
        assert piece.endswith("\n") or len(piece) == 4 * tokens
        # A piece without a line's end fills its whole room with one line.
        assert piece.endswith("\n") or "\n" not in piece
    # Nothing is cut off that would have fitted: two neighbours of whole lines never fit together.
    for near, far in pairwise(pieces):
        first_line = far.partition("\n")[0] + "\n" * ("\n" in far)
        assert len(near) + len(first_line) > 4 * tokens or not near.endswith("\n")


def test_a_paragraph_is_preferred_to_a_line_and_a_line_to_a_word() -> None:
    assert chunks("one two three four five", 3) == ["one two ", "three four ", "five"]
    assert chunks("one two\nthree four five", 4) == ["one two\n", "three four five"]
    assert chunks("first line\n\nsecond\nthird", 5) == ["first line\n\n", "second\nthird"]
    assert chunks("a" * 10, 1) == ["aaaa", "aaaa", "aa"]
    assert chunks("", 5) == []


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="from 1 on, not 0"):
        chunks("text", 0)
