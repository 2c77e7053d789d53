"""Find a user's policy by `module:Name`, `file.py:Name` or a name of ours."""

from __future__ import annotations

import inspect
import sys
import traceback
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError, unknown
from commissure.hal.eviction import Evictor
from commissure.policies.cache import evictor_names

FORMS = "give module:Name, file.py:Name, or one of " + ", ".join(evictor_names())


def load_evictor(given: str, folder: Path) -> Any:
    """What `given` names, modules being looked for in `folder` too. Raises UsageError if there is no such thing.

    A module alone stands for its `build`, or for the only evictor in it.
    """
    if given in evictor_names():
        return given
    where, colon, name = given.rpartition(":")
    if not colon:
        where, name = given, ""
    if not where or (where.startswith(".") and not where.endswith(".py")) or (colon and not name):
        raise UsageError(f"no policy in {given!r}: {FORMS}")
    module = _from_file(Path(where), folder) if where.endswith(".py") else _by_name(where, folder)
    if name:
        return _attribute(module, name)
    if hasattr(module, "build"):
        return module
    own = _candidates(module)
    if len(own) != 1:
        several = f"{len(own)} evictors, {', '.join(own)}" if own else "no evictor"
        raise UsageError(f"{where} has no build(plan) and {several}: name one, as {where}:{own[0] if own else 'Name'}")
    return getattr(module, own[0])


def _from_file(path: Path, folder: Path) -> ModuleType:
    file = (folder / path).resolve()
    if not file.is_file():
        raise UsageError(f"no file {str(path)!r}.{_near(path.name, [one.name for one in file.parent.glob('*.py')])}")
    _look_in(file.parent)
    name = file.stem if file.stem not in sys.modules else f"checked_{file.stem}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python module")
    module = module_from_spec(spec)
    # As an import does it: dataclasses, for one, look their module up there.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _failed(str(path), error) from error
    return module


def _by_name(name: str, folder: Path) -> ModuleType:
    _look_in(folder)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            here = [one.stem for one in folder.glob("*.py")] + [one.parent.name for one in folder.glob("*/__init__.py")]
            near = _near(name, [*here, *evictor_names()])
            raise UsageError(f"no module {name!r}, neither here nor installed.{near} Else {FORMS}") from error
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _near(given: str, names: list[str]) -> str:
    near = get_close_matches(given, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _failed(name: str, error: BaseException) -> UsageError:
    """An exception while importing, in one line; with the place in the user's code."""
    said = str(error).splitlines()[0] if str(error) else ""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if _is_own(one.filename)]
    # A syntax error says its place itself.
    told = not frames or isinstance(error, SyntaxError)
    place = "" if told else f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
    return UsageError(f"{name} cannot be imported: {type(error).__name__}: {said}{place}")


def _is_own(file: str) -> bool:
    return not file.startswith("<") and "importlib" not in file and file != __file__


def _attribute(module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            if not _candidates(module):
                raise UsageError(f"{module.__name__} has no {name!r}, and no evictor at all")
            raise unknown(f"evictor of {module.__name__}", name, _candidates(module))
        found = getattr(found, part)
    if isinstance(found, str):
        raise UsageError(f"{module.__name__}:{name} is a text, no evictor")
    return found


def _candidates(module: ModuleType) -> list[str]:
    """The names in a module that may be evictors of its own: classes, instances, functions of a plan."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (isinstance(value, Evictor) or (name.startswith("build") and callable(value)) or _is_evictor(value))
        and getattr(value, "__module__", module.__name__) == module.__name__
    ]


def _is_evictor(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Evictor) and not inspect.isabstract(value)
