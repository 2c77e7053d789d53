"""A profile as the text of a TOML file, which reads back as the same profile."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from commissure.hal.profiles.profile import Profile


def profile_toml(profile: Profile) -> str:
    """The file's text; absent numbers stay absent."""
    fields = profile.model_dump(exclude_none=True)
    tables = {key: value for key, value in fields.items() if isinstance(value, dict) and "value" not in value}
    lines = [f"{key} = {_value(value)}" for key, value in fields.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    # A JSON string is a TOML basic string, and JSON's numbers and booleans are TOML's.
    return json.dumps(value)
