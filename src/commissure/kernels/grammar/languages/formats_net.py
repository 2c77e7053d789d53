"""Addresses, host names, mail addresses and resource identifiers as patterns, from the grammars of their RFCs."""

from __future__ import annotations

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"

_HEX = r"[\da-fA-F]"
_GROUP = rf"{_HEX}{{1,4}}"


def _ipv6(fewest: int) -> str:
    """RFC 4291, section 2.2: eight groups, the last two perhaps as IPv4, or `::` for at least `fewest` of zeros."""
    options = [rf"(?:{_GROUP}:){{6}}(?:{_GROUP}:{_GROUP}|{IPV4})"]
    for left in range(8 - fewest + 1):
        before = _joined(left)
        right = 8 - fewest - left
        tails = [_joined(right, least=0)]
        if right >= 2:
            tails.append(rf"(?:{_GROUP}:){{0,{right - 2}}}{IPV4}")
        options.append(rf"{before}::(?:{'|'.join(tails)})")
    return rf"(?:{'|'.join(options)})"


def _joined(most: int, least: int | None = None) -> str:
    """So many groups, or from `least` to so many."""
    if most == 0:
        return ""
    if least is None:
        return rf"{_GROUP}(?::{_GROUP}){{{most - 1}}}"
    return rf"(?:{_GROUP}(?::{_GROUP}){{0,{most - 1}}})?"


IPV6 = _ipv6(1)

# RFC 1123, section 2.1, and RFC 1035: letters, digits, inner hyphens, 63 at most. A label in Punycode has to decode to
# a valid one (RFC 5891), which no automaton can tell, so none is offered.
_LABEL = r"(?![xX][nN]--)[\da-zA-Z](?:[\da-zA-Z-]{0,61}[\da-zA-Z])?"
HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"

# RFC 5321, section 4.1.2. Of address literals only the two that need no registered tag.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_LITERAL = rf"\[(?:{IPV4}|[iI][pP][vV]6:{_ipv6(2)})\]"
EMAIL = rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@(?:{HOSTNAME}|{_LITERAL})"

# RFC 6531, section 3.3: any character beyond ASCII in the local part. In the domain labels whose letters are valid by
# themselves (RFC 5892: lower case, no marks, written from the left), short enough for 63 octets of Punycode.
_WIDE = r"\u0080-\u{10ffff}"
_WIDE_ATOM = rf"[\w!#$%&'*+/=?^`{{|}}~{_WIDE}-]+"
_WIDE_QUOTED = rf'"(?:[ !#-\[\]-~{_WIDE}]|\\[ -~])*"'
_LETTERS = r"\u00df-\u00f6\u00f8-\u00ff\u03ac-\u03ce\u0430-\u045f\u3041-\u3094\u30a1-\u30fa\u4e00-\u9ffc\uac00-\ud7a3"
_ANY_LABEL = rf"(?:{_LABEL}|[\da-z{_LETTERS}]{{1,9}})"
IDN_EMAIL = rf"(?:{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*|{_WIDE_QUOTED})@(?:{_ANY_LABEL}(?:\.{_ANY_LABEL})*|{_LITERAL})"

# RFC 3987, section 2.2, without the marks of direction that section 4.1 forbids.
_UCS = r"\u00a0-\u200d\u2010-\u2029\u202f-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    rf"\u{{{plane:x}{0x1000 if plane == 14 else 0:04x}}}-\u{{{plane:x}fffd}}" for plane in range(1, 15)
)
_PRIVATE = r"\ue000-\uf8ff\u{f0000}-\u{ffffd}\u{100000}-\u{10fffd}"
_PERCENT = rf"%{_HEX}{{2}}"


def resource(wide: bool, relative: bool) -> str:
    """A URI (RFC 3986, appendix A) or, if wide, an IRI (RFC 3987); if relative, or a reference to one."""
    ucs, private = (_UCS, _PRIVATE) if wide else ("", "")
    plain = rf"\w.~!$&'()*+,;={ucs}\-"
    one = rf"(?:[{plain}:@]|{_PERCENT})"
    future = r"[vV]" + rf"{_HEX}+\.[\w.~!$&'()*+,;=:-]+"
    host = rf"(?:\[(?:{IPV6}|{future})\]|(?:[{plain}]|{_PERCENT})*)"
    authority = rf"(?:(?:[{plain}:]|{_PERCENT})*@)?{host}(?::\d*)?"
    rest = rf"(?:/{one}*)*"
    absolute = rf"/(?:{one}+{rest})?"
    rooted = rf"//{authority}{rest}|{absolute}"
    tail = rf"(?:\?(?:{one}|[/?{private}])*)?(?:#(?:{one}|[/?])*)?"
    whole = rf"[a-zA-Z][\da-zA-Z+.-]*:(?:{rooted}|{one}+{rest}|){tail}"
    if not relative:
        return whole
    bare = rf"(?:[{plain}@]|{_PERCENT})+{rest}"
    return rf"(?:{whole}|(?:{rooted}|{bare}|){tail})"


# RFC 6570, section 2; an apostrophe is a literal by erratum 6937. The operators kept in reserve are refused.
_LITERALS = rf"(?:[!#$&'()*+,./\d:;=?@A-Z\[\]_a-z~{_UCS}{_PRIVATE}-]|{_PERCENT})"
_NAME = rf"(?:\w|{_PERCENT})(?:\.?(?:\w|{_PERCENT}))*"
_VARIABLE = rf"{_NAME}(?::[1-9]\d{{0,3}}|\*)?"
URI_TEMPLATE = rf"(?:{_LITERALS}|\{{[+#./;?&]?{_VARIABLE}(?:,{_VARIABLE})*\}})*"
