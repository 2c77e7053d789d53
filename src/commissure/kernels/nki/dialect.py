"""Checks a kernel's source: is it in the dialect that every NKI from 0.2 to 0.6 compiles?

AWS's simulator and ours run any Python; the compiler reads a subset. Only what `@nki.jit` functions reach within the
file is checked, or everything in a file without one. Sources: nki/migration/index.rst, nki-language-guide.rst and
release-notes/components/nki.rst of SDK 2.32.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from commissure.hal.errors import UsageError
from commissure.kernels.nki.dialect_calls import ALIASES, call_findings, name_findings
from commissure.kernels.nki.dialect_finding import Finding
from commissure.kernels.nki.dialect_syntax import signature_findings, syntax_findings
from commissure.kernels.nki.dialect_tensors import tensor_findings

__all__ = ["Finding", "NotInDialect", "check_file", "check_source", "require_portable"]


class NotInDialect(UsageError):
    """A kernel's source holds what a compiler of NKI 0.2 to 0.6 refuses; `findings` say what."""

    def __init__(self, path: str, findings: tuple[Finding, ...]) -> None:
        lines = "\n".join(f"  line {f.line}: {f.construct}: {f.why}; {f.instead}" for f in findings)
        super().__init__(f"{path} is not in the dialect of NKI 0.2 to 0.6:\n{lines}")
        self.path = path
        self.findings = findings

    def __reduce__(self) -> tuple[type[NotInDialect], tuple[str, tuple[Finding, ...]]]:
        """As any exception's, so that it passes between processes."""
        return type(self), (self.path, self.findings)


@lru_cache(maxsize=64)
def check_source(source: str) -> tuple[Finding, ...]:
    """All findings by line; none if the source is portable."""
    tree = ast.parse(source)
    found = [*_imports(tree)]
    for function in _compiled(tree):
        found += signature_findings(function, top=_is_kernel(function))
        for node in _inside(function):
            found += [*syntax_findings(node), *call_findings(node), *name_findings(node)]
        found += tensor_findings(function)
    return tuple(sorted(set(found), key=lambda finding: (finding.line, finding.construct)))


def check_file(path: Path) -> tuple[Finding, ...]:
    """As check_source."""
    return check_source(path.read_text(encoding="utf-8"))


def require_portable(path: Path) -> None:
    """Raise NotInDialect if there is a finding."""
    findings = check_file(path)
    if findings:
        raise NotInDialect(path.name, findings)


def _is_kernel(function: ast.FunctionDef) -> bool:
    return any("jit" in ast.unparse(decorator).split("(")[0].split(".") for decorator in function.decorator_list)


def _compiled(tree: ast.Module) -> list[ast.FunctionDef]:
    """The kernels, and the functions of the file whose names occur in them, and so on."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    reached = [function for function in functions.values() if _is_kernel(function)] or list(functions.values())
    for function in reached:
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in functions and functions[node.id] not in reached:
                reached.append(functions[node.id])
    return reached


def _inside(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Every node of the body; annotations are not evaluated by the compiler."""
    skipped = {id(node.annotation) for node in ast.walk(function) if isinstance(node, ast.AnnAssign)}
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        if id(node) not in skipped:
            yield node
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _imports(tree: ast.Module) -> Iterator[Finding]:
    """The old namespace, and imports under names that the check would not know."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {node.module or "": ""}
        elif isinstance(node, ast.Import):
            names = {alias.name: alias.asname or alias.name for alias in node.names}
        else:
            continue
        for name, known in names.items():
            why = ""
            if name.split(".")[0] == "neuronxcc":
                why = "the old namespace is a compile error from 0.4 on"
            elif name.split(".")[0] == "nki" and ALIASES.get(known) != name.removeprefix("nki."):
                why = "only nki, nl and nisa are checked"
            if why:
                instead = "import nki, nki.language as nl, nki.isa as nisa"
                yield Finding(node.lineno, f"import {name}", why, instead)
