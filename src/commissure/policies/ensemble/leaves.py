"""JSON values as texts to compare by, and records as leaves by their paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any, Final

DEEPEST: Final = 64
"""Levels of nesting that are taken apart; what lies deeper is one leaf, whole."""

_NESTED = (dict, list, tuple)
_PLAIN_BITS = 2048  # an integer of more is written in hex: Python refuses to write some of them in decimal


class Absent(Enum):
    """What a record says under a key that it lacks."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


_WORDS: Mapping[Any, str] = {None: "null", True: "true", False: "false", ABSENT: "absent"}


def canonical(value: Any) -> str:
    """The text that two JSON values share just where they are equal; nesting of any depth.

    Numbers are equal by value (61, 61.0 and 6.1e1 as Python reads them), and never equal to a boolean; strings are
    exact; the order of an object's keys does not matter. NaN and the infinities are their names, so that NaN is
    itself. `ABSENT` has a text that no JSON value has.
    """
    if not isinstance(value, _NESTED):
        return _scalar(value)
    said: list[str] = []
    ahead: list[Any] = [value]
    while ahead:
        node = ahead.pop()
        if isinstance(node, str):
            said.append(node)
        else:
            ahead += reversed(_object(node) if isinstance(node, dict) else _array(node))
    return "".join(said)


def _object(node: dict[str, Any]) -> list[Any]:
    """Its text in pieces, with the nested values among them that are still to be said."""
    pieces: list[Any] = []
    text = "{"
    for key in sorted(node):
        text += f"{encode_basestring_ascii(key)}:" if text == "{" else f",{encode_basestring_ascii(key)}:"
        value = node[key]
        if isinstance(value, _NESTED):
            pieces += (text, value)
            text = ""
        else:
            text += _scalar(value)
    pieces.append(text + "}")
    return pieces


def _array(node: Iterable[Any]) -> list[Any]:
    pieces: list[Any] = []
    text = "["
    for value in node:
        if text != "[":
            text += ","
        if isinstance(value, _NESTED):
            pieces += (text, value)
            text = ""
        else:
            text += _scalar(value)
    pieces.append(text + "]")
    return pieces


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or value is ABSENT or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, float):
        if not isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        if not value.is_integer():
            return repr(value)
        value = int(value)
    return str(value) if value.bit_length() <= _PLAIN_BITS else hex(value)


def flatten(record: Any) -> dict[str, Any]:
    """The leaves of a JSON value by their paths, in its own order; `assemble` puts them together again.

    Paths are JSON Pointers (RFC 6901): "/items/0/price". An array's length is a leaf of its own at "/items~#", which is
    no pointer, so that no key can be taken for it. An empty object is a leaf, {}. What lies beneath DEEPEST levels is
    one leaf.
    """
    leaves: dict[str, Any] = {}
    _flatten(record, "", 0, leaves)
    return leaves


def _flatten(node: Any, path: str, depth: int, leaves: dict[str, Any]) -> None:
    if depth < DEEPEST and node and isinstance(node, dict):
        for key, value in node.items():
            _flatten(value, path_of(path, key), depth + 1, leaves)
    elif depth < DEEPEST and isinstance(node, (list, tuple)):
        leaves[length_path(path)] = len(node)
        for place, value in enumerate(node):
            _flatten(value, f"{path}/{place}", depth + 1, leaves)
    else:
        leaves[path] = node


def path_of(path: str, key: str) -> str:
    """The path of an object's key, from the object's own."""
    if "~" in key or "/" in key:
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{path}/{key}"


def keys_of(path: str) -> list[str]:
    """The keys and places that a path, a JSON Pointer, leads through from the top."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def length_path(path: str) -> str:
    """The path of an array's length, from the array's own."""
    return f"{path}~#"


_LENGTH, _LEAF = "~#", "~="  # no part of a pointer is written so


def assemble(leaves: Mapping[str, Any]) -> Any:
    """The JSON value of these leaves, in their order; ABSENT ones are left out.

    An object that loses every leaf is left out too; with no leaf left at all the value is ABSENT. Elements beyond an
    array's length do not count, and a missing one is null. Raises ValueError where a path is a leaf and above one.
    """
    root: dict[str, Any] = {}
    for path, leaf in leaves.items():
        if leaf is not ABSENT:
            kind = _LENGTH if path.endswith(_LENGTH) else _LEAF
            node = root
            for part in path.removesuffix(_LENGTH).split("/"):
                node = node.setdefault(part, {})
                if _LEAF in node:
                    raise ValueError(f"the path {path!r} leads through a leaf")
            if kind is _LEAF and node:
                raise ValueError(f"the path {path!r} is a leaf and above one")
            node[kind] = leaf
    return _joined(root.get("", {}))


def _joined(node: dict[str, Any]) -> Any:
    if not node:
        return ABSENT
    if _LEAF in node:
        return node[_LEAF]
    if _LENGTH in node:
        items = (_joined(node.get(str(place), {})) for place in range(node[_LENGTH]))
        return [None if item is ABSENT else item for item in items]
    return {key.replace("~1", "/").replace("~0", "~"): _joined(value) for key, value in node.items()}


def is_json(value: Any) -> bool:
    """Of dicts with texts as keys, lists or tuples, texts, numbers, booleans and None; nested however deep."""
    ahead = [value]
    seen = 0
    while ahead:
        node = ahead.pop()
        seen += 1
        if seen > 10**6:  # no text of a model's: it holds itself
            return False
        if isinstance(node, dict):
            if not all(isinstance(name, str) for name in node):
                return False
            ahead += node.values()
        elif isinstance(node, list | tuple):
            ahead += node
        elif not (node is None or isinstance(node, str | int | float)):
            return False
    return True
