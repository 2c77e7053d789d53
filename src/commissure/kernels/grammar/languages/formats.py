"""The formats that JSON Schema names, as automata: nothing is accepted that the format's RFC refuses."""

from __future__ import annotations

from functools import lru_cache

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages import formats_net, formats_time
from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.languages.patterns import pattern_dfa

_POINTER = r"(?:/(?:[^~/]|~[01])*)*"

PATTERNS = {
    "date": formats_time.DATE,
    "time": formats_time.TIME,
    "date-time": formats_time.DATE_TIME,
    "duration": formats_time.DURATION,
    "ipv4": formats_net.IPV4,
    "ipv6": formats_net.IPV6,
    "hostname": formats_net.HOSTNAME,
    "email": formats_net.EMAIL,
    "idn-email": formats_net.IDN_EMAIL,
    "uri": formats_net.resource(wide=False, relative=False),
    "uri-reference": formats_net.resource(wide=False, relative=True),
    "iri": formats_net.resource(wide=True, relative=False),
    "iri-reference": formats_net.resource(wide=True, relative=True),
    "uri-template": formats_net.URI_TEMPLATE,
    "uuid": r"[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}",
    "json-pointer": _POINTER,
    "relative-json-pointer": rf"(?:0|[1-9]\d*)(?:#|{_POINTER})",
}
"""Each format's whole strings; pointers by RFC 6901, identifiers by RFC 4122."""

MOST = {"hostname": 253}
"""The most characters that a format allows, where its automaton does not count them (RFC 1035, without a last dot)."""

NARROWER = frozenset(("time", "date-time", "hostname", "email", "idn-email", "uri-template"))
"""Formats of which not every valid string is accepted, so that their complements are too wide."""

_IRREGULAR = {
    "idn-hostname": "whether a label is valid hangs on its Punycode (RFC 5891)",
    "regex": "parentheses nest",
}


@lru_cache(maxsize=64)
def format_dfa(name: str) -> Dfa | None:
    """The strings of a format, but for its length in `MOST`; None if the format is not known: it then says nothing.

    Left out, though valid: leap seconds under offsets of other than whole and half hours, in `date-time` of other than
    the whole hours from -12:00 to +14:00; labels in Punycode, since they need decoding; address literals with
    registered tags; in `idn-email`, labels beyond ASCII of over nine characters, with marks, or of scripts written from
    the right and lesser ones; the operators that `uri-template` keeps in reserve.
    Raises PatternError (`regular` false) for formats that no automaton can tell.
    """
    if name in _IRREGULAR:
        raise PatternError(f"the format {name!r} is not regular: {_IRREGULAR[name]}", regular=False)
    pattern = PATTERNS.get(name)
    return None if pattern is None else pattern_dfa(f"^(?:{pattern})$")
