"""Find a user's policy by `module:Name`, `file.py:Name` or a name of ours."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError, unknown
from commissure.policies.custom.kind import EVICTOR, SELECTOR, Kind, kind_of
from commissure.policies.custom.module import module_by_name, module_of_file
from commissure.policies.custom.selector import selector_from
from commissure.policies.ensemble.selector import Selector


def load_evictor(given: str, folder: Path) -> Any:
    """What `given` names, modules being looked for in `folder` too. Raises UsageError if there is no such thing.

    A module alone stands for its `build`, or for the only evictor in it.
    """
    return find(given, folder, (EVICTOR,))


def load_selector(given: str, folder: Path | None = None) -> Selector:
    """The selector that `given` names, made: of a name of ours, a class, an instance or a function `build()`.

    Modules are looked for in `folder` too, which is the current one if it is None; a module alone stands for its
    `build`, or for the only selector in it. Raises UsageError if there is no such thing, or it is no selector.
    """
    return selector_from(find(given, folder or Path.cwd(), (SELECTOR,)))


def load_policy(given: str, folder: Path) -> tuple[Kind, Any]:
    """What `given` names and of which kind it is, as load_evictor finds it. Raises UsageError as that does."""
    found = find(given, folder, (EVICTOR, SELECTOR))
    return kind_of(found), found


def find(given: str, folder: Path, kinds: tuple[Kind, ...]) -> Any:
    """What `given` names among these kinds. Raises UsageError if there is no such thing."""
    ours = [name for kind in kinds for name in kind.names()]
    forms = "give module:Name, file.py:Name, or one of " + ", ".join(ours)
    if given in ours:
        return given
    where, colon, name = given.rpartition(":")
    if not colon:
        where, name = given, ""
    if not where or (where.startswith(".") and not where.endswith(".py")) or (colon and not name):
        raise UsageError(f"no policy in {given!r}: {forms}")
    is_file = where.endswith(".py")
    module = module_of_file(Path(where), folder) if is_file else module_by_name(where, folder, ours, forms)
    if name:
        return _attribute(module, name, kinds)
    if hasattr(module, "build"):
        return module
    own = _candidates(module, kinds)
    if len(own) != 1:
        word = _word(module, kinds)
        several = f"{len(own)} {word.replace(' or ', 's and ')}s, {', '.join(own)}" if own else f"no {word}"
        builds = " or ".join(kind.built_by for kind in kinds if kind.word in word)
        raise UsageError(f"{where} has no {builds} and {several}: name one, as {where}:{own[0] if own else 'Name'}")
    return getattr(module, own[0])


def _attribute(module: ModuleType, name: str, kinds: tuple[Kind, ...]) -> Any:
    found: Any = module
    word = _word(module, kinds)
    for part in name.split("."):
        if not hasattr(found, part):
            if not _candidates(module, kinds):
                raise UsageError(f"{module.__name__} has no {name!r}, and no {word} at all")
            raise unknown(f"{word} of {module.__name__}", name, _candidates(module, kinds))
        found = getattr(found, part)
    if isinstance(found, str):
        raise UsageError(f"{module.__name__}:{name} is a text, no {word}")
    return found


def _word(module: ModuleType, kinds: tuple[Kind, ...]) -> str:
    """Of the kinds in question, those that the module has; all of them, if it has none."""
    has = [kind for kind in kinds if any(kind.covers(getattr(module, name)) for name in _candidates(module, (kind,)))]
    return " or ".join(kind.word for kind in has or kinds)


def _candidates(module: ModuleType, kinds: tuple[Kind, ...]) -> list[str]:
    """The names in a module that may be policies of its own: classes, instances, functions that build one."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and ((name.startswith("build") and callable(value)) or any(kind.covers(value) for kind in kinds))
        and getattr(value, "__module__", module.__name__) == module.__name__
    ]
