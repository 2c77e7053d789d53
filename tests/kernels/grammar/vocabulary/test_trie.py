from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.trie import NO_NODE, Trie, trie_of

# Few bytes, so that tokens share their beginnings; the extremes of a byte among them.
token = st.lists(st.sampled_from([0, 1, 97, 98, 255]), max_size=6).map(bytes)


def spelled(trie: Trie, node: int) -> bytes:
    out = []
    while node:
        out.append(int(trie.byte[node]))
        node = int(trie.parent[node])
    return bytes(reversed(out))


@given(st.lists(token, max_size=30))
def test_every_token_is_a_path_and_every_path_begins_a_token(tokens: list[bytes]) -> None:
    special = {number for number, text in enumerate(tokens) if not text}
    trie = trie_of(tokens, special)
    paths = [spelled(trie, node) for node in range(trie.nodes)]
    assert [b"" if node == NO_NODE else paths[node] for node in trie.node] == tokens
    assert set(paths) == {text[:length] for text in tokens for length in range(len(text) + 1)} | {b""}
    assert paths == sorted(paths, key=lambda path: (len(path), path))
    assert trie.levels.tolist() == [
        sum(len(path) < depth for path in paths) for depth in range(max(map(len, paths), default=0) + 2)
    ]
    assert trie.depth == max(map(len, tokens), default=0)


def test_a_trie_is_saved_and_read(tmp_path: Path) -> None:
    trie = trie_of([b"a", b"", b"ab", b"a"], {1})
    trie.save(tmp_path / "trie.npz")
    again = Trie.read(tmp_path / "trie.npz")
    for name in ("levels", "parent", "byte", "node"):
        assert np.array_equal(getattr(again, name), getattr(trie, name))
        assert getattr(again, name).dtype == getattr(trie, name).dtype


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK", b"\x93NUMPY\x01\x00", b"text"])
def test_what_is_no_saved_trie_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trie.npz").write_bytes(content)
    with pytest.raises(VocabularyError, match=r"trie\.npz: not a saved trie"):
        Trie.read(tmp_path / "trie.npz")
