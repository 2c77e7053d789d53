"""JSON Schemas to automata over bytes, to tables over a model's tokens, to masks in each step of decoding."""

from pathlib import Path

from commissure.hal.builds import warn_of_stale_builds
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
from commissure.kernels.grammar.runtime.apply import apply_rows, best_tokens
from commissure.kernels.grammar.runtime.grammars import FREE, REFUSED, Grammars
from commissure.kernels.grammar.runtime.matcher import Matcher, TokenRefused
from commissure.kernels.grammar.runtime.processor import LogitsProcessor
from commissure.kernels.grammar.runtime.tabled import TableMatcher
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.tables.store import load as load_tables
from commissure.kernels.grammar.tables.store import save as save_tables
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary, load
from commissure.kernels.grammar.written import rewritten

warn_of_stale_builds(Path(__file__).parent)

__all__ = [
    "FREE",
    "REFUSED",
    "Budget",
    "FallbackGrammar",
    "Grammar",
    "GrammarError",
    "Grammars",
    "InvalidSchema",
    "LogitsProcessor",
    "Matcher",
    "NotRegular",
    "OverBudget",
    "Settings",
    "TableMatcher",
    "TokenRefused",
    "TokenTables",
    "Unsatisfiable",
    "Vocabulary",
    "VocabularyError",
    "apply_rows",
    "best_tokens",
    "compile_or_fall_back",
    "compile_schema",
    "load",
    "load_tables",
    "rewritten",
    "save_tables",
]
