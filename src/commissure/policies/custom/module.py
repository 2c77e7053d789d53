"""Find the module of a user's policy, by its file or its name; what goes wrong in it is said in one line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from commissure.hal.errors import UsageError


def module_of_file(path: Path, folder: Path) -> ModuleType:
    """The module in a file, relative to the folder. Raises UsageError if there is none, or it cannot be imported."""
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
        raise failed(str(path), error) from error
    return module


def module_by_name(name: str, folder: Path, known: Sequence[str], forms: str) -> ModuleType:
    """The module of a name, in the folder or installed.

    Raises UsageError if there is none, with the nearest of those in the folder and of the `known` names, and with the
    `forms` that would do; and if it cannot be imported.
    """
    _look_in(folder)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            here = [one.stem for one in folder.glob("*.py")] + [one.parent.name for one in folder.glob("*/__init__.py")]
            near = _near(name, [*here, *known])
            raise UsageError(f"no module {name!r}, neither here nor installed.{near} Else {forms}") from error
        raise failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise failed(name, error) from error


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _near(given: str, names: list[str]) -> str:
    near = get_close_matches(given, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def failed(name: str, error: BaseException, what: str = "imported") -> UsageError:
    """An exception of the user's own code, in one line; with its place there."""
    said = str(error).splitlines()[0] if str(error) else ""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if _is_own(one.filename)]
    # A syntax error says its place itself.
    told = not frames or isinstance(error, SyntaxError)
    place = "" if told else f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
    return UsageError(f"{name} cannot be {what}: {type(error).__name__}: {said}{place}")


def _is_own(file: str) -> bool:
    return not file.startswith("<") and "importlib" not in file and file != __file__
