from hypothesis import given
from hypothesis import strategies as st

from commissure.kernels.grammar.vocabulary.trie import ROOT, Trie, trie_of

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
    assert [b"" if node == ROOT else paths[node] for node in trie.node] == tokens
    assert set(paths) == {text[:length] for text in tokens for length in range(len(text) + 1)} | {b""}
    assert paths == sorted(paths, key=lambda path: (len(path), path))
    assert list(trie.levels) == [
        sum(len(path) < depth for path in paths) for depth in range(max(map(len, paths), default=0) + 2)
    ]
    assert trie.depth == max(map(len, tokens), default=0)
    for node in range(1, trie.nodes):
        assert trie.first_child[trie.parent[node]] <= node < trie.first_child[trie.parent[node] + 1]
