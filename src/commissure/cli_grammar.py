"""The commands `grammar compile` and `grammar check`: a JSON Schema as tables over a vocabulary, and as a judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commissure.console import print_json, print_table

if TYPE_CHECKING:
    from commissure.kernels.grammar import FallbackGrammar, Grammar, Settings, TokenTables, Vocabulary

grammar_app = typer.Typer(help="Compile JSON Schemas to automata and token tables.", no_args_is_help=True)

SchemaFile = Annotated[Path, typer.Argument(help="A JSON Schema; - for standard input.")]
WhitespaceOption = Annotated[str, typer.Option(help="none; space: one after , and : may stand; any.")]
ClosedOption = Annotated[bool, typer.Option("--closed", help="No members beyond those that the schema names.")]
FormatsOption = Annotated[bool, typer.Option("--formats/--no-formats", help="Whether format is asserted.")]
FallbackOption = Annotated[str | None, typer.Option(help="llguidance: for schemas that we refuse.")]
StatesOption = Annotated[int, typer.Option(min=1, help="The most states of the flat automaton.")]
SecondsOption = Annotated[float, typer.Option(min=0.001, help="The most seconds of a compile.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@grammar_app.command("compile")
def compile_command(
    schema: SchemaFile,
    vocab: Annotated[str, typer.Option("--vocab", help="An installed vocabulary by name, or a tokenizer's file.")],
    depth: Annotated[int | None, typer.Option(min=1, help="How deep recursive values are unrolled in tables.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Save the tables (.npz), for load_tables.")] = None,
    whitespace: WhitespaceOption = "space",
    closed: ClosedOption = False,
    formats: FormatsOption = True,
    fallback: FallbackOption = None,
    states: StatesOption = 50_000,
    seconds: SecondsOption = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Compile a schema to token tables; where it has too many states for these, masks are made as they are met."""
    from commissure.hal.files import check_target
    from commissure.kernels.grammar import load

    check_target("--out", out, ".npz")
    document = _read(schema)
    vocabulary = load(vocab)
    found = _Compiled(*_compiled(document, _settings(whitespace, closed, formats), fallback, states, seconds))
    found.tabulate(vocabulary, depth)
    if out is not None:
        found.save(out)
    if as_json:
        print_json({"schema": str(schema), "vocabulary": vocabulary.name, "tokens": vocabulary.size, **found.data()})
    else:
        print_table(["", ""], [[name, _shown(value)] for name, value in found.data().items()])


@grammar_app.command("check")
def check_command(
    schema: SchemaFile,
    instance: Annotated[list[Path], typer.Argument(help="JSON files; - for standard input.")],
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Judge the file's own bytes, not the value written without whitespace.")
    ] = False,
    whitespace: WhitespaceOption = "space",
    closed: ClosedOption = False,
    formats: FormatsOption = True,
    fallback: FallbackOption = None,
    states: StatesOption = 50_000,
    seconds: SecondsOption = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Whether the grammar of a schema lets an instance be written, members in the schema's order.

    The value is judged, written without whitespace; with --as-written the file's own bytes are.
    """
    grammar, _ = _compiled(_read(schema), _settings(whitespace, closed, formats), fallback, states, seconds)
    verdicts = [{"instance": str(path), **_judged(grammar, _read(path), as_written)} for path in instance]
    accepted = all(verdict["accepted"] for verdict in verdicts)
    if as_json:
        print_json({"schema": str(schema), "accepted": accepted, "instances": verdicts})
    else:
        rows = [[v["instance"], "accepted" if v["accepted"] else "refused", v.get("reason", "")] for v in verdicts]
        print_table(["instance", "verdict", "reason"], rows)
    if not accepted:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Compiled:
    """What a compile made, and what it took."""

    grammar: Grammar | FallbackGrammar
    schema_s: float
    flat: dict[str, Any] | None = None
    tables: TokenTables | None = None
    reason: str | None = None

    def tabulate(self, vocabulary: Vocabulary, depth: int | None) -> None:
        """The automaton and the tables, or why there are none."""
        from commissure.kernels.grammar import Budget, Grammar, OverBudget, TokenTables
        from commissure.kernels.grammar.budget import Meter

        if not isinstance(self.grammar, Grammar):
            self.reason = str(self.grammar.refused)
            self.grammar.matcher(vocabulary)
            return
        meter = Meter(Budget(seconds=float("inf")))
        try:
            flat, unrolled = self.grammar.flat(depth)
        except OverBudget as error:
            self.reason = f"masks are made as they are met: {error}"
            self.grammar.matcher(vocabulary).mask()
            return
        automaton_s = meter.seconds
        self.tables = TokenTables.build(flat.automaton, vocabulary, Meter(self.grammar.budget))
        self.flat = {
            "states": flat.automaton.states - 1,
            "states before minimising": flat.met,
            "unrolled to depth": unrolled,
            "byte classes": flat.automaton.next.shape[1],
            "lengths counted apart": flat.automaton.effect is not None,
            "automaton_s": automaton_s,
            "tables_s": meter.seconds - automaton_s,
        }

    def save(self, out: Path) -> None:
        """Write the tables. Raises UsageError if there are none."""
        from commissure.hal.errors import UsageError
        from commissure.kernels.grammar.tables.store import save

        if self.tables is None:
            raise UsageError(f"there are no tables to save: {self.reason}")
        save(self.tables, out)

    def data(self) -> dict[str, Any]:
        """What is printed."""
        from commissure.kernels.grammar import Grammar

        ours = isinstance(self.grammar, Grammar)
        found: dict[str, Any] = {"engine": "commissure" if ours else "llguidance", "tables": self.tables is not None}
        if self.reason is not None:
            found["reason"] = self.reason
        if isinstance(self.grammar, Grammar):
            found |= {"recursive": self.grammar.recursive, "rule states": len(self.grammar.built.rules.edges)}
        found["schema_s"] = self.schema_s
        if self.tables is not None and self.flat is not None:
            sizes = self.tables.bytes
            found |= self.flat
            if self.flat["unrolled to depth"] is not None:
                found["note"] = "tables refuse what nests deeper than they are unrolled; check and matchers do not"
            found |= {"masks": self.tables.rows.rows, "token classes": len(self.tables.next)}
            found |= {"bytes": sum(size for name, size in sizes.items() if name != "rows, packed"), "parts": sizes}
        return found


def _compiled(
    document: bytes, settings: Settings, fallback: str | None, states: int, seconds: float
) -> tuple[Grammar | FallbackGrammar, float]:
    """The grammar, and the seconds that it took."""
    from commissure.hal.errors import unknown
    from commissure.kernels.grammar import Budget, compile_or_fall_back, compile_schema
    from commissure.kernels.grammar.budget import Meter

    if fallback not in (None, "llguidance"):
        raise unknown("fall-back", fallback, ["llguidance"])
    budget = Budget(states, seconds)
    meter = Meter(budget)
    grammar = (compile_or_fall_back if fallback else compile_schema)(document, settings, budget)
    return grammar, meter.seconds


def _judged(grammar: Grammar | FallbackGrammar, content: bytes, as_written: bool) -> dict[str, Any]:
    """A file that is no JSON is refused like any other text that the grammar does not let be written."""
    from commissure.hal.errors import UsageError
    from commissure.kernels.grammar import rewritten

    try:
        return _verdict(grammar, content if as_written else rewritten(content))
    except UsageError as error:
        return {"accepted": False, "reason": str(error)}


def _verdict(grammar: Grammar | FallbackGrammar, text: str | bytes) -> dict[str, Any]:
    from commissure.kernels.grammar import Grammar

    if not isinstance(grammar, Grammar):
        return {"accepted": grammar.accepts(text)}
    data = (text.encode() if isinstance(text, str) else text).rstrip(b"\n")
    place = grammar.refusal(data)
    if place is None:
        return {"accepted": True}
    return {"accepted": False, "byte": place, "reason": grammar.explained(data)}


def _settings(whitespace: str, closed: bool, formats: bool) -> Settings:
    from typing import cast

    from commissure.kernels.grammar.schema.settings import Settings, Whitespace

    # Settings themselves refuse what is none.
    return Settings(cast(Whitespace, whitespace), formats, closed)


def _read(path: Path) -> bytes:
    from commissure.hal.errors import UsageError

    try:
        return typer.get_binary_stream("stdin").read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {size:,}" for name, size in value.items())
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)
