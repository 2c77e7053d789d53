"""SentencePiece's own tokenizer.model: a protocol buffer, of which only the pieces and the end are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.pieces import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, piece
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary, ends, of_ids

# google/sentencepiece, src/sentencepiece_model.proto: ModelProto, its SentencePiece, its TrainerSpec.
PIECES, TRAINER = 1, 2
TEXT, TYPE = 1, 3
EOS_ID = 42

Field = tuple[int, int | bytes]


def read_sentencepiece(data: bytes, name: str, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of a file. Raises VocabularyError for what is cut short or not such a file."""
    texts: dict[int, bytes] = {}
    named: dict[int, str] = {}
    given: set[int] = set()
    try:
        for number, content in _fields(data):
            if number == TRAINER and isinstance(content, bytes):
                given = {value for key, value in _fields(content) if key == EOS_ID and isinstance(value, int)}
            if number != PIECES or not isinstance(content, bytes):
                continue
            token = len(texts) + len(named)
            inner = dict(_fields(content))
            raw, kind = inner.get(TEXT, b""), inner.get(TYPE, NORMAL)
            text = raw.decode() if isinstance(raw, bytes) else ""
            if kind in (UNKNOWN, CONTROL, UNUSED):
                named[token] = text
            else:
                texts[token] = piece(text, name, token, as_byte=kind == BYTE)
    except (IndexError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{name}: no SentencePiece model, or cut short after {len(data):,} bytes") from error
    # An absent end is -1, as all 64 bits; an end that is not said is found by its name.
    size = len(texts) + len(named)
    return of_ids(name, texts, named, eos or sorted({token for token in given if token < size}.union(ends(named))))


def _fields(data: bytes) -> Iterator[Field]:
    """The fields of a message: numbers, and bytes where the length is said. Raises IndexError if it is cut short."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == 2:
            length, place = _varint(data, place)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise IndexError
        if place + length > len(data):
            raise IndexError
        yield number, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; the value and what comes after it."""
    value = shift = 0
    while shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise IndexError
