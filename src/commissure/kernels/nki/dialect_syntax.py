"""Python that the compiler of some NKI from 0.2 to 0.6 does not read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from commissure.kernels.nki.dialect_finding import Finding

UNDOCUMENTED = "it is not in the documented subset of Python"
CONSTRUCTS: dict[type[ast.AST], tuple[str, str, str]] = {
    ast.Try: ("try", UNDOCUMENTED, "check shapes with assert before the launch"),
    ast.TryStar: ("try", UNDOCUMENTED, "check shapes with assert before the launch"),
    ast.Raise: ("raise", UNDOCUMENTED, "use assert"),
    ast.With: ("with", UNDOCUMENTED, "nothing needs a context: call instructions in order"),
    ast.AsyncWith: ("with", UNDOCUMENTED, "nothing needs a context: call instructions in order"),
    ast.Lambda: ("lambda", UNDOCUMENTED, "write a function at the top of the module"),
    ast.ClassDef: ("class", "classes need NKIObject, which 0.2 lacks", "pass tuples"),
    ast.FunctionDef: ("nested def", UNDOCUMENTED, "write a function at the top of the module"),
    ast.AsyncFunctionDef: ("async def", UNDOCUMENTED, "write a plain function"),
    ast.Await: ("await", UNDOCUMENTED, "call instructions in order"),
    ast.Yield: ("yield", "generators are not in the documented subset of Python", "return a tuple"),
    ast.YieldFrom: ("yield", "generators are not in the documented subset of Python", "return a tuple"),
    ast.GeneratorExp: ("generator", "generators are not in the documented subset of Python", "use a for loop"),
    ast.SetComp: ("set", "values are None, numbers, strings, tuples, lists and dicts", "use a list"),
    ast.Set: ("set", "values are None, numbers, strings, tuples, lists and dicts", "use a list"),
    ast.Global: ("global", "kernels are pure functions of their arguments", "pass and return values"),
    ast.Nonlocal: ("nonlocal", "kernels are pure functions of their arguments", "pass and return values"),
    ast.Import: ("import", UNDOCUMENTED, "import at the top of the module"),
    ast.ImportFrom: ("import", UNDOCUMENTED, "import at the top of the module"),
    ast.Match: ("match", UNDOCUMENTED, "use if and elif"),
    ast.NamedExpr: (":=", UNDOCUMENTED, "assign on a line of its own"),
    ast.Delete: ("del", UNDOCUMENTED, "let the name go out of use"),
}
LITERALS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp)


def syntax_findings(node: ast.AST) -> Iterator[Finding]:
    """What is wrong with a node by itself."""
    if type(node) in CONSTRUCTS:
        construct, why, instead = CONSTRUCTS[type(node)]
        yield Finding(getattr(node, "lineno", 0), construct, why, instead)
    if isinstance(node, ast.Compare) and any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
        yield Finding(node.lineno, "is", "0.3 and later refuse it", "write == or !=")
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant) and not isinstance(key.value, str):
                yield Finding(node.lineno, "dict key", "keys are strings", f"write {str(key.value)!r}")
    if isinstance(node, ast.Subscript) and _is_sliced(node) and _is_sliced(node.value):
        yield Finding(node.lineno, "nested slicing", "0.2 has none", "index the tensor once")


def _is_sliced(node: ast.AST) -> bool:
    if not isinstance(node, ast.Subscript):
        return False
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return any(isinstance(part, ast.Slice) or _is_ds(part) for part in parts)


def _is_ds(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".ds")


def signature_findings(function: ast.FunctionDef, *, top: bool) -> Iterator[Finding]:
    """What is wrong with a function's head; `top` for the kernel itself."""
    arguments, line = function.args, function.lineno
    if arguments.kwonlyargs:
        yield Finding(line, "keyword-only *", "0.3 and later refuse it", "put arguments with defaults last, without *")
    if arguments.vararg is not None or arguments.kwarg is not None:
        yield Finding(line, "*args, **kwargs", UNDOCUMENTED, "name every argument")
    if not top and function.decorator_list:
        yield Finding(line, "decorator", "called functions are plain from 0.2 on", "take the decorator off")
    if not top:
        return
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            why = "its arguments differ between versions, and 0.3 took mode and platform_target away"
            yield Finding(decorator.lineno, "nki.jit(...)", why, "write @nki.jit")
    for argument in [*arguments.posonlyargs, *arguments.args]:
        kind = ast.unparse(argument.annotation) if argument.annotation is not None else ""
        if kind.split("[")[0] in ("list", "dict", "List", "Dict"):
            yield Finding(argument.lineno, f"{argument.arg}: {kind}", "kernels take no lists or dicts", "take a tuple")
    for default in [*arguments.defaults, *arguments.kw_defaults]:
        if isinstance(default, LITERALS):
            yield Finding(default.lineno, "default", "kernels take no lists or dicts", "default to a tuple")
