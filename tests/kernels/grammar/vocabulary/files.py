"""Tokenizer files of each format, small, made by hand."""

import json
import struct
from base64 import b64encode
from collections.abc import Sequence
from typing import Any


def json_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def byte_level_json(**changes: Any) -> dict[str, Any]:
    """Ids 0 to 3 by byte-level BPE, 4 a gap, 5 added text, 6 the end, 7 a tag of HTML."""
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": 5, "content": "<think> Ġ", "special": False},
            {"id": 6, "content": "<|im_end|>", "special": True},
            {"id": 7, "content": "</s>", "special": False},
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Split", "pattern": {"Regex": "x"}}, {"type": "ByteLevel"}],
        },
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {"a": 0, "Ġa": 1, "Ċ": 2, "ÃĹ": 3, "<|im_end|>": 6}, "merges": []},
    } | changes


def pieces_json(**changes: Any) -> dict[str, Any]:
    """Gemma's way: spaces by a normalizer, bytes as <0x0A>."""
    return {
        "added_tokens": [{"id": 1, "content": "</s>", "special": True}],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "decoder": {
            "type": "Sequence",
            "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}],
        },
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "byte_fallback": True,
            "vocab": {"<unk>": 0, "</s>": 1, "<0x0A>": 2, "▁a": 3, "▁▁": 4, "é": 5},
            "merges": [],
        },
    } | changes


def unigram_json() -> dict[str, Any]:
    """Tokens in a list; without byte_fallback <0x0A> is text."""
    return {
        "added_tokens": [],
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁"},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.5], ["<0x0A>", -2.0]]},
    }


def tekken_json(**changes: Any) -> dict[str, Any]:
    """Two special tokens, two of three ranks used."""
    ranks = [{"rank": n, "token_bytes": b64encode(text).decode(), "token_str": None} for n, text in RANKS.items()]
    config = {"default_vocab_size": 5, "default_num_special_tokens": 3, "pattern": "x"}
    return {"config": config, "vocab": ranks, "special_tokens": None} | changes


RANKS = {0: b"\x00", 1: b"\xc3", 2: b" a"}


def tiktoken_text(ranks: dict[int, bytes] = RANKS) -> bytes:
    return b"".join(b64encode(text) + b" %d\n" % rank for rank, text in ranks.items())


def gguf(keys: Sequence[tuple[str, int, Any]]) -> bytes:
    """Keys with the types of their values; an array's type is (9, its elements')."""
    body = b"".join(_string(key) + struct.pack("<I", kind) + _value(kind, value) for key, kind, value in keys)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + body


def gguf_model(model: str, tokens: list[str], kinds: list[int], more: Sequence[tuple[str, int, Any]] = ()) -> bytes:
    name = "tokenizer.ggml."
    return gguf(
        [
            ("general.architecture", 8, "llama"),
            ("general.tags", 9, (8, ["a", "b"])),
            ("llama.rope.freq_base", 6, 1e4),
            (name + "model", 8, model),
            (name + "tokens", 9, (8, tokens)),
            (name + "scores", 9, (6, [0.0] * len(tokens))),
            (name + "token_type", 9, (5, kinds)),
            *((name + key, kind, value) for key, kind, value in more),
        ]
    )


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(kind: int, value: Any) -> bytes:
    if kind == 8:
        return _string(value)
    if kind == 9:
        inner, values = value
        return struct.pack("<IQ", inner, len(values)) + b"".join(_value(inner, each) for each in values)
    return struct.pack({4: "<I", 5: "<i", 6: "<f", 7: "<?"}[kind], value)


def sentencepiece(pieces: Sequence[tuple[str, int | None]], eos: int | None = None) -> bytes:
    """Pieces with their types, and a trainer's word on the end."""
    out = b""
    for text, kind in pieces:
        inner = b"\x0a" + _varint(len(text.encode())) + text.encode() + b"\x15" + struct.pack("<f", -1.0)
        inner += b"" if kind is None else b"\x18" + _varint(kind)
        out += b"\x0a" + _varint(len(inner)) + inner
    if eos is not None:
        trainer = _varint(42 << 3) + _varint(eos % 2**64)
        out += b"\x12" + _varint(len(trainer)) + trainer
    return out


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])
