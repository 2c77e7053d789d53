"""Windows and questions that several tests ask about; our own texts, and TREC's where they are."""

import os
from functools import lru_cache
from pathlib import Path

import pytest

from commissure.scenarios.deep_context.questions.families import family_names, questions_of
from commissure.scenarios.deep_context.questions.readers import read_labelled
from commissure.scenarios.deep_context.questions.record import Question, Window
from commissure.scenarios.deep_context.questions.texts import LabelledText, templated
from commissure.scenarios.deep_context.questions.window import make_window

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).resolve().parents[5] / "shared" / "data") / "oolong"
NEEDLES = 20


@lru_cache
def own_texts() -> tuple[LabelledText, ...]:
    return templated(1)


@lru_cache
def trec() -> tuple[LabelledText, ...]:
    path = DATA / "trec_train.txt"
    if not path.exists():
        pytest.skip(f"the public data {path} is not here; COMMISSURE_DATA names the folder")
    return read_labelled(path)


@lru_cache
def window_of(tokens: int, seed: int) -> Window:
    return make_window(own_texts(), tokens, seed, NEEDLES)


@lru_cache
def questions(tokens: int, seed: int, count: int = 60) -> tuple[Question, ...]:
    return tuple(questions_of(window_of(tokens, seed), family_names(), count, seed))
