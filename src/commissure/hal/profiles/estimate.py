"""How many tokens a call takes: about, before it is made; and at most, for a budget that must hold."""

from __future__ import annotations

import json

from commissure.hal.call import Call, Image
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile, Tokenizer
from commissure.hal.profiles.quantity import value_of
from commissure.hal.reply import Usage

# English text in current vocabularies: about four tokens to three words, and a chat frame of two messages.
DEFAULT_TOKENS_PER_WORD, FRAME_TOKENS = 4 / 3, 13
# JSON in current vocabularies: about a token to three and a half characters (judged, not measured).
JSON_CHARACTERS_A_TOKEN = 3.5
# Upper bounds. A byte-level vocabulary makes at most a token of a byte; chat templates frame a message by at most so
# many, and announce tools by at most so many (Anthropic's pricing page: 313 to 530 for its models).
MOST_FRAME_TOKENS, MOST_TOOLS_FRAME_TOKENS = 64, 1024
# The finest grid of patches that a model here cuts images into has 14 pixels a side; and some tokens for the frame.
FINEST_PATCH_PX, IMAGE_FRAME_TOKENS = 14, 256


def expected_usage(call: Call, profile: Profile) -> Usage:
    """About how many tokens a call uses at its full length, by the profile's tokenizer model."""
    said = call.max_tokens * call.n
    before = call.state.tokens if call.state else 0
    if call.prompt_tokens is not None:
        return Usage(before + call.prompt_tokens, 0, said)
    if call.images:
        before += image_tokens(call, profile)
    if call.history or call.tools or call.schema is not None:
        before += json_tokens(call)
        before += sum(text_tokens(one.text, profile) for one in call.history)
    rate = profile.tokenizer.tokens_per_word.value if profile.tokenizer else DEFAULT_TOKENS_PER_WORD
    words = len(call.system.split()) + len(call.prompt.split())
    return Usage(before + round(words * rate) + _frame(call, profile.tokenizer), 0, said)


def json_tokens(call: Call) -> int:
    """About how many tokens of a prompt are JSON: tools, calls of tools, and a schema."""
    return round(len(_json_of(call)) / JSON_CHARACTERS_A_TOKEN)


def _frame(call: Call, tokenizer: Tokenizer | None) -> int:
    """The tokens of a chat frame around the call's messages."""
    if not call.chat:
        return 0
    if tokenizer is None:
        return FRAME_TOKENS
    default = value_of(tokenizer.default_system_tokens) if not call.system else 0.0
    messages = len(call.history) + bool(call.system or default) + bool(call.prompt or call.images or not call.history)
    each = tokenizer.message_header_tokens.value + tokenizer.message_footer_tokens.value
    return round(messages * each + tokenizer.reply_header_tokens.value + default)


def most_usage(call: Call, profile: Profile, *, prompts: int = 1) -> Usage:
    """As many tokens as a call can use: a token a byte, and the whole of `max_tokens` in each answer.

    The prompt is billed `prompts` times: once for each answer where they are asked for one by one. The hidden reasoning
    that a profile knows of comes on top. It holds as long as the endpoint otherwise keeps to max_tokens, reasoning
    included, and its vocabulary is byte-level.
    """
    hidden = round(value_of(profile.hosted.hidden_tokens)) if profile.hosted else 0
    said = (call.max_tokens + hidden) * call.n
    before = call.state.tokens if call.state else 0
    # A prompt that is put into a cache may cost more than one that is only read.
    kept = bool(call.cache_key) or call.cache_ttl_s is not None
    if call.prompt_tokens is not None:
        known = (before + call.prompt_tokens) * prompts
        return Usage(known, 0, said, cache_write_tokens=known * kept)
    default = profile.tokenizer.default_system_tokens if profile.tokenizer else None
    frames = (3 + len(call.history)) * MOST_FRAME_TOKENS + round(default.value if default else 0)
    texts = (call.system, call.prompt, _json_of(call), *(one.text for one in call.history))
    prompt = before + frames + sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    prompt += MOST_TOOLS_FRAME_TOKENS if call.tools else 0
    prompt += sum(_most_of_image(image) for image in call.images)
    return Usage(prompt * prompts, 0, said, cache_write_tokens=prompt * prompts * kept)


def text_tokens(text: str, profile: Profile) -> int:
    """About how many tokens a text is."""
    rate = profile.tokenizer.tokens_per_word.value if profile.tokenizer else DEFAULT_TOKENS_PER_WORD
    return round(len(text.split()) * rate)


def image_tokens(call: Call, profile: Profile) -> int:
    """The tokens of a call's images by the model's own rule, 0 for a model that sees none."""
    model = models().get(profile.model)
    if model is None or model.vision is None:
        return 0
    return sum(model.vision.tokens(image.width_px, image.height_px) for image in call.images)


def _json_of(call: Call) -> str:
    """What of a call is sent as JSON beside its texts."""
    parts = [dict(one.parameters) | {"name": one.name, "description": one.description} for one in call.tools]
    called = [[one.name, one.arguments] for message in call.history for one in message.tool_calls]
    schema = [] if call.schema is None else [dict(call.schema)]
    return json.dumps([*parts, *called, *schema]) if parts or called or schema else ""


def _most_of_image(image: Image) -> int:
    return -(-image.width_px * image.height_px // FINEST_PATCH_PX**2) + IMAGE_FRAME_TOKENS
