"""The leaderboard's own checker, alone: the packages that the rest of its code needs are not there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

MODEL = "any"
HERE = find_spec("bfcl_eval")
needs_bfcl = pytest.mark.skipif(HERE is None, reason="needs the data of the package bfcl_eval")


@contextmanager
def lent(modules: dict[str, ModuleType]) -> Iterator[None]:
    """These modules, for as long as another one is being loaded."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def made(name: str, **members: Any) -> ModuleType:
    """A module of these members."""
    module = ModuleType(name)
    vars(module).update(members)
    return module


def loaded(name: str, path: Path) -> ModuleType:
    """One file as a module, which is not kept in sys.modules."""
    spec = spec_from_loader(name, SourceFileLoader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def leaderboard_checker() -> Callable[[Any, dict[str, Any], Any], bool]:
    """(function, arguments, possible) -> whether they are right, as the leaderboard says it; it may raise anything."""
    assert HERE is not None
    assert HERE.submodule_search_locations
    root = Path(HERE.submodule_search_locations[0])
    constants, checkers = "bfcl_eval.constants", "bfcl_eval.eval_checker.ast_eval"
    enums = loaded(f"{constants}.enums", root / "constants" / "enums.py")
    kept = {MODEL: SimpleNamespace(underscore_to_dot=False)}
    lent_modules = [
        made("bfcl_eval"),
        made(constants),
        enums,
        made(f"{constants}.model_config", MODEL_CONFIG_MAPPING=kept),
        loaded(f"{constants}.type_mappings", root / "constants" / "type_mappings.py"),
        made("bfcl_eval.eval_checker"),
        made(checkers),
        made(f"{checkers}.type_convertor"),
        made(f"{checkers}.type_convertor.java_type_converter", java_type_converter=None),
        made(f"{checkers}.type_convertor.js_type_converter", js_type_converter=None),
    ]
    try:
        with lent({module.__name__: module for module in lent_modules}):
            checker = loaded(f"{checkers}.ast_checker", root / "eval_checker" / "ast_eval" / "ast_checker.py")
    except (ImportError, OSError) as error:
        pytest.skip(f"the leaderboard's checker of this version cannot be loaded alone: {error}")

    def verdict(function: Any, arguments: dict[str, Any], possible: Any) -> bool:
        name = function["name"]
        answer, right = [{name: arguments}], [{name: possible}]
        found = checker.ast_checker([function], answer, right, enums.Language.PYTHON, "simple_python", MODEL)
        return bool(found["valid"])

    return verdict
