"""JSON Schemas to automata over bytes, to tables over a model's tokens, to masks in each step of decoding."""

from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import Grammar, compile_schema
from commissure.kernels.grammar.errors import (
    GrammarError,
    InvalidSchema,
    NotRegular,
    OverBudget,
    Unsatisfiable,
    VocabularyError,
)
from commissure.kernels.grammar.fallback import FallbackGrammar, compile_or_fall_back
from commissure.kernels.grammar.runtime.grammars import Grammars
from commissure.kernels.grammar.runtime.processor import LogitsProcessor
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary, load
from commissure.kernels.grammar.written import rewritten

__all__ = [
    "Budget",
    "FallbackGrammar",
    "Grammar",
    "GrammarError",
    "Grammars",
    "InvalidSchema",
    "LogitsProcessor",
    "NotRegular",
    "OverBudget",
    "Settings",
    "TokenTables",
    "Unsatisfiable",
    "Vocabulary",
    "VocabularyError",
    "compile_or_fall_back",
    "compile_schema",
    "load",
    "rewritten",
]
