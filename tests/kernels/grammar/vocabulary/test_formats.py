from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import MissingExtra, UsageError
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary import Vocabulary, load
from commissure.kernels.grammar.vocabulary.sources import INSTALLED
from tests.kernels.grammar.vocabulary import files

GGUF_LLAMA = files.gguf_model(
    "llama",
    ["<unk>", "<s>", "</s>", "<0x0A>", "▁a", "<t>▁", "<unused>", "<end_of_turn>"],
    [2, 3, 3, 6, 1, 4, 5, 3],
    [("eos_token_id", 4, 2), ("add_bos_token", 7, True), ("merges", 9, (8, ["a b"]))],
)
GGUF_BYTES = files.gguf_model("gpt2", ["Ġa", "ÃĹ", "<|x|>", "<t> Ġ"], [1, 1, 3, 4], [("eot_token_id", 4, 2)])
PIECES = files.sentencepiece(
    [("<unk>", 2), ("<s>", 3), ("[end]", 3), ("<0x0A>", 6), ("▁a", None), ("▁▁", 4), ("x", 5)], eos=2
)
EMPTY = b""


def written(folder: Path, content: Any) -> Path:
    # A name that tells nothing: the content decides.
    path = folder / "vocabulary"
    path.write_bytes(content if isinstance(content, bytes) else files.json_bytes(content))
    return path


@pytest.mark.parametrize(
    ("content", "eos", "tokens", "ends"),
    [
        (
            files.byte_level_json(),
            (),
            [b"a", b" a", b"\n", b"\xc3\x97", EMPTY, "<think> Ġ".encode(), EMPTY, b"</s>"],
            (6,),
        ),
        (files.pieces_json(), (), [EMPTY, EMPTY, b"\n", b" a", b"  ", "é".encode()], (1,)),
        (files.unigram_json(), (0,), [EMPTY, b" a", b"<0x0A>"], (0,)),
        (files.tekken_json(), (), [EMPTY, EMPTY, EMPTY, b"\x00", b"\xc3"], (2,)),
        (
            files.tekken_json(special_tokens=[{"rank": 1, "token_str": "</s>", "is_control": True}]),
            (),
            [EMPTY, EMPTY, EMPTY, b"\x00", b"\xc3"],
            (1,),
        ),
        (files.tiktoken_text(), (4,), [b"\x00", b"\xc3", b" a", EMPTY, EMPTY], (4,)),
        (GGUF_LLAMA, (), [EMPTY, EMPTY, EMPTY, b"\n", b" a", "<t>▁".encode(), EMPTY, EMPTY], (2, 7)),
        (GGUF_LLAMA, (7,), [EMPTY, EMPTY, EMPTY, b"\n", b" a", "<t>▁".encode(), EMPTY, EMPTY], (7,)),
        (GGUF_BYTES, (), [b" a", b"\xc3\x97", EMPTY, "<t> Ġ".encode()], (2,)),
        (PIECES, (), [EMPTY, EMPTY, EMPTY, b"\n", b" a", b"  ", EMPTY], (2,)),
        (files.sentencepiece([("</s>", 3), ("a", 1)], eos=-1), (), [EMPTY, b"a"], (0,)),
    ],
)
def test_each_format_is_known_by_its_content(
    tmp_path: Path, content: Any, eos: Sequence[int], tokens: list[bytes], ends: tuple[int, ...]
) -> None:
    vocabulary = load(written(tmp_path, content), eos)
    assert list(vocabulary.tokens) == tokens
    assert vocabulary.special == {token for token, text in enumerate(tokens) if not text}
    assert vocabulary.eos == ends


def changed_model(**changes: Any) -> dict[str, Any]:
    return files.byte_level_json(model=files.byte_level_json()["model"] | changes)


def config(size: int) -> dict[str, Any]:
    return {"default_vocab_size": size, "default_num_special_tokens": 3}


def rank(number: int, text: str) -> list[dict[str, Any]]:
    return [{"rank": number, "token_bytes": text}] * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no tokenizer's file"),
        (b"\x7fELF\x02", "no tokenizer's file"),
        (b'{"a": ', "not a tokenizer.json: at its start: Invalid JSON"),
        (files.json_bytes({"model": {}}), "at model/vocab"),
        (changed_model(vocab={"a": 0, "b": 0}), "token 0: is 'a' and 'b'"),
        (changed_model(vocab={"a": 6}), r"token 6: is 'a' and '<\|im_end\|>'"),
        (changed_model(vocab={"": 0}), "token 0: no bytes"),
        (changed_model(vocab={"a b": 0}), "token 0: 'a b' has ' '"),
        (changed_model(vocab={"a": -1}), "ids must be 0 to"),
        (changed_model(vocab={"a": 2**40}), "ids must be 0 to"),
        (files.byte_level_json(added_tokens=[]), "no token ends an answer"),
        (files.byte_level_json(added_tokens=[{"id": 6, "content": "x"}] * 2), "token 6: added twice"),
        (files.byte_level_json(decoder={"type": "WordPiece"}, pre_tokenizer=None), "BPE with WordPiece: what its"),
        (files.unigram_json(), "no token ends an answer"),
        (files.tekken_json(config=config(9)), "3 ranks where its config needs 6"),
        (files.tekken_json(config=config(0)), "at config/default_vocab_size"),
        (files.tekken_json(vocab=rank(0, "AA==")), "token 1: its rank is 0"),
        (files.tekken_json(vocab=rank(0, "A*==")), "rank 0: 'A[*]==' is not base64"),
        (files.tekken_json(vocab=rank(0, "")[:1] + rank(1, "AA==")), "token 3: no bytes"),
        (files.tiktoken_text(), "3 ranks are those of no known family"),
        (b"AA== 0\nA*== 1\n", "line 2: expected base64 and a rank"),
        (b"AA== 0\nAQ== 0\n", "line 2: token 0 comes twice"),
        (b"AA== 0\nAQ==\n", "line 2: expected"),
        (b"GGUF\x00\x00\x00\x03" + b"\0" * 16, "version 2 or 3"),
        (GGUF_LLAMA[:-4], "cut short"),
        (GGUF_LLAMA[:150], "cut short"),
        (b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 16, "cut short"),
        (files.gguf([("a", 8, "b")]), "no tokenizer.ggml.tokens"),
        (files.gguf_model("llama", ["a", "b"], [1]), "token_type"),
        (files.gguf_model("bert", ["a"], [1]), "model is 'bert'; read are gpt2, llama"),
        (files.gguf_model("llama", ["ab"], [6]), "token 0: a byte is written as <0x0A>"),
        (files.gguf_model("llama", ["a", ""], [3, 1]), "token 1: no bytes"),
        (files.gguf_model("llama", ["a"], [1]), "no token ends an answer"),
        (PIECES[:-8], "cut short"),
        (PIECES[:20], "cut short"),
    ],
)
def test_a_broken_file_says_what_is_wrong_with_it(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(VocabularyError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [GGUF_LLAMA, PIECES, files.json_bytes(files.tekken_json())])
def test_no_part_of_a_file_passes_for_the_whole(tmp_path: Path, content: bytes) -> None:
    whole = load(written(tmp_path, content))
    for length in range(len(content)):
        try:
            found = load(written(tmp_path, content[:length]))
        except VocabularyError:
            continue
        # A protocol buffer may end after any field: then it is a shorter vocabulary, never a wrong token.
        assert content is PIECES
        assert found.tokens[:-1] == whole.tokens[: found.size - 1]


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(
        [
            GGUF_LLAMA,
            GGUF_BYTES,
            PIECES,
            files.tiktoken_text(),
            *map(files.json_bytes, (files.byte_level_json(), files.pieces_json(), files.tekken_json())),
        ]
    ),
    st.integers(0, 2_000),
    st.one_of(st.binary(min_size=1, max_size=9), st.sampled_from([b"\\ud800", b"null", b"-1", b"1e9", b"[", b'""'])),
    st.integers(0, 9),
)
def test_whatever_is_in_a_file_it_is_read_or_told(content: bytes, at: int, put: bytes, out: int) -> None:
    at %= len(content)
    with NamedTemporaryFile() as file:
        file.write(content[:at] + put + content[at + out :])
        file.flush()
        with suppress(VocabularyError):
            found = load(Path(file.name), (0,))
            assert len(found.fingerprint) == 64
            assert found.trie.nodes


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'llama3'\?"):
        load("lama3")
    with pytest.raises(VocabularyError, match="cannot be read: No such file"):
        load(tmp_path / "absent.json")
    with pytest.raises(VocabularyError, match="name a tokenizer's file"):
        load(tmp_path)
    monkeypatch.setattr("commissure.kernels.grammar.vocabulary.sources.find_spec", lambda name: None)
    for name, wanted in INSTALLED.items():
        with pytest.raises(MissingExtra, match=wanted.install):
            load(name)


@pytest.mark.parametrize(
    ("tokens", "special", "eos", "message"),
    [
        ((b"a", b""), {1}, (), "no token ends an answer"),
        ((b"a", b""), {1}, (0,), "token 0 cannot end"),
        ((b"a", b""), {1}, (2,), "token 2 cannot end"),
        ((b"a", b""), {1, -1}, (1,), "token -1 cannot end"),
        ((b"a", b"b"), {1}, (1,), "token 1: a special token has bytes"),
        ((b"a", b"", b""), {1}, (1,), "token 2: no bytes"),
    ],
)
def test_a_vocabulary_is_checked(
    tokens: tuple[bytes, ...], special: set[int], eos: tuple[int, ...], message: str
) -> None:
    with pytest.raises(VocabularyError, match=message):
        Vocabulary("v", tokens, frozenset(special), eos)


def test_a_fingerprint_is_of_the_content() -> None:
    def prints(tokens: tuple[bytes, ...], special: set[int], eos: tuple[int, ...], name: str = "v") -> str:
        return Vocabulary(name, tokens, frozenset(special), eos).fingerprint

    base = (b"a", b"bc", b"", b"")
    assert prints(base, {2, 3}, (2,)) == prints(base, {2, 3}, (2,), "another name")
    others = [
        prints(base, {2, 3}, (2,)),
        prints(base, {2, 3}, (3,)),
        prints(base, {2, 3}, (2, 3)),
        prints((b"ab", b"c", b"", b""), {2, 3}, (2,)),
        prints((b"a", b"bc", b""), {2}, (2,)),
    ]
    assert len(set(others)) == len(others)


def test_padding_to_the_width_of_the_logits() -> None:
    vocabulary = Vocabulary("v", (b"a", b""), frozenset({1}), (1,))
    wide = vocabulary.padded(4)
    assert wide.tokens == (b"a", b"", b"", b"")
    assert wide.special == {1, 2, 3}
    assert wide.eos == (1,)
    assert vocabulary.padded(2).fingerprint == vocabulary.fingerprint
    with pytest.raises(VocabularyError, match="do not fit"):
        vocabulary.padded(1)


@pytest.mark.parametrize("eos", [("a",), (-1,), (1.0,), "ab", (True,), (10**9,)])
def test_an_end_that_is_no_id_is_named(tmp_path: Path, eos: Any) -> None:
    with pytest.raises(VocabularyError, match=f"{eos[0]!r} in eos"):
        load(tmp_path / "none", eos)
