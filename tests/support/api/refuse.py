"""Everything that is answered instead of running the model: errors, pages that are no JSON, broken connections."""

from __future__ import annotations

import time
from email.utils import formatdate

from tests.support.api.ask import Refusal
from tests.support.api.faults import Fault
from tests.support.api.flavours.base import Flavour
from tests.support.api.flavours.shapes import Limits
from tests.support.api.http import Connection
from tests.support.api.play import JSON_TYPE, dumps
from tests.support.api.record import Seen

HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
RETRY_AFTER_S = 0.05
GENERATES = frozenset({"bad_json", "missing_field"})  # the model runs, then the answer is spoilt


def headers_of(flavour: Flavour, number: int, spent: bool = False) -> dict[str, str]:
    """The flavour's own; with nothing left once the rate limit is `spent`."""
    limits = Limits(requests_left=0, tokens_left=0, reset_s=RETRY_AFTER_S) if spent else Limits()
    return flavour.headers(number, limits)


def refuse(
    connection: Connection, flavour: Flavour, refusal: Refusal, seen: Seen, number: int, fault: str = ""
) -> None:
    """Answers with the provider's own error."""
    key, message = flavour.key_of(seen.headers), refusal.message
    if fault == "http_401":
        message = f"Incorrect API key provided: {key}. It is not a key of this account."
    param = "temperature" if fault == "http_400_param" else refusal.param
    model = str((seen.body or {}).get("model", ""))
    error = flavour.error(refusal.status, refusal.kind, message, param, model, key)
    headers = {**headers_of(flavour, number, refusal.status == 429), **JSON_TYPE}
    if fault == "http_429":
        headers["retry-after"] = str(RETRY_AFTER_S)
    elif fault == "http_429_date":
        headers |= {
            "date": formatdate(time.time(), usegmt=True),
            "retry-after": formatdate(round(time.time() + 1), usegmt=True),
        }
    connection.reply(refusal.status, headers, dumps(error).encode())


async def spoil(connection: Connection, flavour: Flavour, fault: Fault | None, seen: Seen, number: int) -> bool:
    """Plays a fault that comes before the model runs; whether it was one. Cancelled if the client goes."""
    if fault is None or fault.name in GENERATES:
        return False
    if fault.where == "refuse":
        refuse(connection, flavour, Refusal(fault.status, fault.kind, ""), seen, number, fault.name)
    elif fault.name == "reset":
        connection.reset()
    elif fault.name == "close":
        connection.transport.close()
    elif fault.name == "hang":
        await connection.gone()
    elif fault.name == "html":
        connection.reply(200, {"content-type": "text/html"}, HTML)
    elif fault.name == "empty":
        connection.reply(200, JSON_TYPE, b"")
    else:
        return False
    return True
