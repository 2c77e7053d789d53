"""Arithmetic operators on names that a function binds to tensors: 0.2 has none."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from commissure.kernels.nki.dialect_finding import Finding

INSTEAD = "call nisa.tensor_tensor or nisa.tensor_scalar with a destination"


def tensor_findings(function: ast.FunctionDef) -> Iterator[Finding]:
    """Operators between what is known to be a tensor and anything else."""
    tensors = _tensors(function)
    for node in ast.walk(function):
        operands: list[ast.expr] = []
        if isinstance(node, ast.BinOp):
            operands = [node.left, node.right]
        elif isinstance(node, ast.AugAssign):
            operands = [node.target, node.value]
        elif isinstance(node, ast.UnaryOp):
            operands = [node.operand]
        elif isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
            operands = [node.test]
        for operand in operands:
            if _root(operand) in tensors:
                line = getattr(node, "lineno", 0)
                yield Finding(line, ast.unparse(operand), "tensors have no operators and no truth", INSTEAD)


def _tensors(function: ast.FunctionDef) -> frozenset[str]:
    """Names that are only ever assigned from nl.ndarray or nl.zeros."""
    made: set[str] = set()
    other: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            (made if _makes(node.value) else other).update(names)
    return frozenset(made - other)


def _makes(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) in ("nl.ndarray", "nl.zeros")


def _root(node: ast.expr) -> str:
    """The name under subscripts; empty if there is none."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
