"""What is kept comes back as it was, of its own leg, from a file that is cut anywhere."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.journal import Journal
from commissure.hal.kept import Kept

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
PIECES = st.lists(st.tuples(st.sampled_from(["a", "b"]), WORDS, st.dictionaries(WORDS, VALUES, max_size=3)), max_size=6)


@given(pieces=PIECES, whole=st.integers(0, 6), part=st.floats(0, 0.99))
def test_a_file_that_is_cut_has_the_pieces_that_are_whole(
    pieces: list[tuple[str, str, dict[str, Any]]], whole: int, part: float
) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "kept.jsonl"
        with Journal(path) as journal:
            for leg, key, value in pieces:
                Kept.of(path, leg, journal).keep(key, value)
            lines = path.read_bytes().splitlines(keepends=True)
            assert len(lines) == len(pieces)
            # Without its end of line a line may be whole: of the next one, no more than all but two bytes.
            rest = lines[whole][:-2] if whole < len(lines) else b""
            path.write_bytes(b"".join(lines[:whole]) + rest[: round(part * len(rest))])
            for leg in ("a", "b"):
                found = Kept.of(path, leg, journal)
                expected = {key: value for of, key, value in pieces[:whole] if of == leg}
                assert len(found) == len(expected)
                assert all(found.get(key) == value for key, value in expected.items())
                assert found.get("longer than any key") is None


def test_without_a_file_it_is_kept_in_memory() -> None:
    kept = Kept()
    assert kept.get("a") is None
    kept.keep("a", {"logprob": float("-inf")})
    assert kept.get("a") == {"logprob": float("-inf")}
