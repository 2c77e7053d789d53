"""How many tokens a text is to modelled endpoints: four characters each, unless a model's own rate was measured."""

from __future__ import annotations

from datetime import date

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.profile import Profile, Tokenizer
from commissure.hal.profiles.quantity import Quantity
from commissure.policies.recursion.ask import CHARACTERS_A_TOKEN

_AS_OF = date(2026, 11, 23)
_FRAME_TOKENS = 4
MEASURED: dict[str, float] = {"smollm2-135m": 2.59, "gemma-3-270m": 2.68}
"""Characters a token by model: of 227 rows of oolong's templated texts, as llama.cpp counted their prompts."""


def with_text_rate(fleet: Fleet, text: str) -> Fleet:
    """The fleet with every endpoint's tokenizer modelled after this text: its words are as long as they are.

    Modelled tokenizers count words, which is wrong for rows of dates and names, or logs of hashes and paths.
    """
    words = max(1, len(text.split()))
    return fleet.with_profiles({name: _rated(one, len(text) / words) for name, one in fleet.profiles.items()})


def _rated(profile: Profile, characters_a_word: float) -> Profile:
    rate = MEASURED.get(profile.model)
    source = (
        f"counted by {profile.model}'s own vocabulary on oolong's texts"
        if rate
        else f"{CHARACTERS_A_TOKEN} characters a token"
    )
    each = Quantity(
        value=characters_a_word / (rate or CHARACTERS_A_TOKEN), source=source, as_of=_AS_OF, assumed=rate is None
    )
    if profile.tokenizer is not None:
        return profile.model_copy(update={"tokenizer": profile.tokenizer.model_copy(update={"tokens_per_word": each})})
    frame = Quantity(value=_FRAME_TOKENS, source="a chat frame", as_of=_AS_OF, assumed=True)
    tokenizer = Tokenizer(
        tokens_per_word=each, message_header_tokens=frame, message_footer_tokens=frame, reply_header_tokens=frame
    )
    return profile.model_copy(update={"tokenizer": tokenizer})
