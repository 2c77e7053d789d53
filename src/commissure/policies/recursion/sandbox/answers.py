"""What suspended code is answered: by the host's functions, and where it asks for what is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from commissure.hal.errors import CommissureError
from commissure.policies.recursion.sandbox.binding import monty
from commissure.policies.recursion.sandbox.failures import MODULES, NOTHING_OUTSIDE
from commissure.policies.recursion.sandbox.interpreter import Refusal
from commissure.policies.recursion.sandbox.plain import entering

_TYPES = frozenset(get_args(monty.ExcType))
_NO_AWAIT: monty.ExternalExceptionData = {
    "exc_type": "RuntimeError",
    "message": "functions of the host are called without await",
}


class Stopped(Exception):
    """The run is not to go on."""


def host_function(name: str) -> Callable[..., Any]:
    """What stands for a function of the host where the code only names it. A call of it is a call out, made there."""

    def function(*args: Any, **kwargs: Any) -> Any:
        raise CommissureError(f"{name}() is called by the code in the sandbox only")

    function.__name__ = function.__qualname__ = name
    return function


def answered(step: monty.FunctionSnapshot, name: str, value: Any) -> monty.SyncSnapshot:
    """Go on with the value of a call out; what cannot enter is an error where it was called."""
    if isinstance(value, Refusal):
        return raised(step, value)
    try:
        given = entering(value)
    except (TypeError, ValueError) as error:
        return raised(step, Refusal(f"what came back from {name}() cannot enter: {error}", "TypeError"))
    return step.resume({"return_value": given})


def raised(step: monty.FunctionSnapshot, refusal: Refusal) -> monty.SyncSnapshot:
    """Go on with an exception."""
    known = refusal.type in _TYPES
    message = (refusal.message if known else f"{refusal.type}: {refusal.message}").encode(errors="replace").decode()
    kind = cast(monty.ExcType, refusal.type if known else "RuntimeError")
    return step.resume({"exc_type": kind, "message": message})


def refused(
    step: monty.FunctionSnapshot | monty.NameLookupSnapshot | monty.FutureSnapshot,
    functions: Mapping[str, Callable[..., Any]],
) -> monty.SyncSnapshot:
    """Go on where the code asked for anything but a call of one of these functions."""
    if isinstance(step, monty.NameLookupSnapshot):
        function = functions.get(step.variable_name) if step.object_id is None else None
        return step.resume() if function is None else step.resume(value=function)
    if isinstance(step, monty.FutureSnapshot):
        return step.resume({call: _NO_AWAIT for call in step.pending_call_ids})
    if not step.is_os_function:
        return raised(step, Refusal(f"name {step.function_name!r} is not defined", "NameError"))
    if step.function_name == "import":
        missing = f"No module named {str(step.args[0])[:80]!r} in here; there are {MODULES}"
        return raised(step, Refusal(missing, "ModuleNotFoundError"))
    return raised(step, Refusal(f"{step.function_name}: {NOTHING_OUTSIDE}", "PermissionError"))
