"""Monty's Python binding, or the error that says how to install it."""

from commissure.hal.errors import MissingExtra

INSTALL = "pip install 'pydantic-monty>=1.4,<1.5'"

try:
    import pydantic_monty as monty
except ImportError as error:
    raise MissingExtra("pydantic-monty, which runs the code that models write,", INSTALL) from error

__all__ = ["INSTALL", "monty"]
