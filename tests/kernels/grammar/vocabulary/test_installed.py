from dataclasses import dataclass
from functools import cache

import httpx
import numpy as np
import pytest

from commissure.hal.errors import MissingExtra
from commissure.hal.local_server import local_server
from commissure.kernels.grammar.vocabulary import Vocabulary, load

TEXTS = (
    '{"name": "Zoë", "tags": ["a\\u0301", "\\n"], "n": -2.50e+3}\n',
    "\tTabs  and   spaces,\r\n\n\n你好, 🙂 naïve café \x00\x7f end",
    "fünf Straßen, пять улиц, خمسة, 五条街\n" * 3,
)


@dataclass(frozen=True)
class Facts:
    size: int
    special: int
    eos: tuple[int, ...]
    bytes: int
    longest: int
    not_utf8: int
    nodes: int
    single_bytes: int = 256


# llama3: counted once by another program. The others' sizes and ends are as their makers say; the counts are ours, so
# that a reader that changes is noticed.
FACTS = {
    "llama3": Facts(128_256, 256, (128_001, 128_008, 128_009), 831_311, 128, 1_352, 274_521),
    "llama4": Facts(202_048, 2_048, (200_001, 200_007, 200_008), 1_412_646, 113, 1_828, 420_758),
    "tekken": Facts(131_072, 1_000, (2,), 878_258, 76, 1_435, 266_313),
    "mistral": Facts(32_768, 751, (2,), 171_992, 25, 128, 55_935),
    "qwen": Facts(151_851, 208, (151_643, 151_645), 975_969, 128, 1_448, 333_010),
    "qwen3.6": Facts(248_077, 33, (248_044, 248_046), 1_843_045, 128, 944, 591_554),
    "smollm2": Facts(49_152, 17, (0, 2), 332_150, 81, 313, 100_298, 235),
    "gemma3": Facts(262_144, 6_249, (1, 106), 1_965_214, 48, 128, 587_921),
}


@cache
def installed(name: str) -> Vocabulary:
    try:
        return load(name)
    except MissingExtra as error:
        pytest.skip(str(error))


def is_text(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("name", FACTS)
def test_known_facts(name: str) -> None:
    vocabulary = installed(name)
    plain = [text for text in vocabulary.tokens if text]
    single = {text for text in plain if len(text) == 1}
    assert (
        Facts(
            vocabulary.size,
            len(vocabulary.special),
            vocabulary.eos,
            sum(map(len, plain)),
            max(map(len, plain)),
            sum(not is_text(text) for text in plain),
            vocabulary.trie.nodes,
            len(single),
        )
        == FACTS[name]
    )
    assert {bytes([byte]) for byte in b"\n" + bytes(range(0x20, 0x7F))} <= single
    # SmolLM2 has no tokens for bytes that its texts did not hold: some controls, and what UTF-8 never uses.
    assert all(bytes([byte]) in single for byte in range(0x80, 0xC0))


@pytest.mark.parametrize("name", ["llama3", "gemma3"])
def test_the_trie_spells_every_token(name: str) -> None:
    vocabulary = installed(name)
    trie = vocabulary.trie
    node, left = trie.node.copy(), vocabulary.tokens
    for depth in range(trie.depth, 0, -1):
        deep = np.flatnonzero(node >= trie.levels[depth])
        last = np.array([left[token][depth - 1] for token in deep], np.uint8)
        assert np.array_equal(trie.byte[node[deep]], last)
        node[deep] = trie.parent[node[deep]]
    assert not node.any()


@pytest.mark.local
@pytest.mark.parametrize(("name", "model"), [("smollm2", "smollm2-135m"), ("gemma3", "gemma-3-270m")])
def test_the_engine_cuts_texts_into_the_same_bytes(name: str, model: str) -> None:
    vocabulary = installed(name)
    with local_server(model, 1, 256) as url, httpx.Client(base_url=url, timeout=60) as client:
        for text in TEXTS:
            asked = {"content": text, "with_pieces": True, "add_special": False}
            answer = client.post("/tokenize", json=asked).raise_for_status().json()["tokens"]
            tokens = [entry["id"] for entry in answer]
            pieces = [entry["piece"] for entry in answer]
            told = [bytes(piece) if isinstance(piece, list) else piece.encode() for piece in pieces]
            assert [vocabulary.tokens[token] for token in tokens] == told
            assert len(tokens) > 15
