"""A report by recursion: pieces side by side, extracted, checked, joined by code, written about. Or by one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.runtime import Runtime
from commissure.policies.recursion.ask import Ask, Said
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.deep_context.activity.oracle import oracle
from commissure.scenarios.deep_context.activity.record import Commit, Report, report_schema
from commissure.scenarios.deep_context.activity.render import parse, render
from commissure.scenarios.deep_context.reporting import prompts
from commissure.scenarios.deep_context.reporting.join import joined, period_of, subject_line
from commissure.scenarios.deep_context.reporting.pieces import chunk_tokens, pieces_of
from commissure.scenarios.deep_context.reporting.recipe import Recipe
from commissure.scenarios.deep_context.reporting.roles import Roles
from commissure.scenarios.deep_context.reporting.rows import Piece, Row, corrected, grounded, read_lines, read_rows
from commissure.scenarios.deep_context.reporting.settings import Settings

# A whole report's length: so much of each commit, and so much around them (assumed).
_ITEM_TOKENS, _AROUND_TOKENS = 72, 1000


@dataclass(frozen=True, slots=True)
class Made:
    """A report as text, empty if there is none. `left_out` are the pieces of which nothing is in it."""

    text: str
    pieces: int = 1
    left_out: int = 0
    dropped: int = 0
    written: int = 0


@dataclass(slots=True)
class Maker:
    """Makes one report, in its own tree."""

    rt: Runtime
    fleet: OpenFleet
    tree: Tree
    roles: Roles
    settings: Settings
    recipe: Recipe
    package: str
    dropped: int = 0
    written: int = 0

    async def make(self, commits: Sequence[Commit]) -> Made:
        """The report; what fails on the way is left out of it."""
        if self.recipe.whole:
            return await self._whole(commits)
        room = self.fleet.endpoints[self.roles.reads].profile.context_tokens
        pieces = pieces_of(commits, chunk_tokens(self.settings.chunk_tokens, room.value if room else None))
        if self.recipe.extract == "code":
            found = [one for piece in pieces for one in parse(piece.text)]
            lines = await self._lines({one.key: one.subject for one in found})
            report = oracle(found, self.package, lambda one: lines.get(one.key) or subject_line(one.subject))
            return self._made(report, len(pieces), 0)
        parts = await self.rt.gather(*map(self._extracted, pieces))
        rows = [row for part in parts for row in part or ()]
        lines = await self._lines({row.key: row.subject for row in rows})
        return self._made(joined(rows, lines, period_of(commits)), len(pieces), sum(not part for part in parts))

    def _made(self, report: Report, pieces: int, left_out: int) -> Made:
        text = report.model_dump_json() if report.contributors else ""
        return Made(text, pieces, left_out, self.dropped, self.written)

    async def _whole(self, commits: Sequence[Commit]) -> Made:
        schema = report_schema() if self._takes_schema(self.roles.writes) else None
        most = _AROUND_TOKENS + _ITEM_TOKENS * len(commits)
        said = await self.tree.ask(prompts.whole(render(commits), self.package, schema, most))
        text = said.text if isinstance(said, Said) else ""
        return Made(text, left_out=int(not text))

    async def _extracted(self, piece: Piece) -> list[Row] | None:
        """The rows of a piece; None if it could not be read."""
        ask = prompts.extract(piece.text, piece.count, self.package, self._takes_schema(self.roles.reads))
        rows = await self._rows(ask, piece)
        if rows is None:
            rows = await self._rows(replace(ask, kind="verify"), piece)
        if rows is None or not self.recipe.verify:
            return rows
        again = prompts.check(piece.text, rows, piece.count, self.package, self._takes_schema(self.roles.checks))
        return corrected(rows, await self._rows(again, piece) or [])

    async def _rows(self, ask: Ask, piece: Piece) -> list[Row] | None:
        said = await self.tree.ask(ask)
        if not isinstance(said, Said):
            return None
        try:
            rows = read_rows(said.text)
        except ValueError as error:
            self.tree.misread(said, str(error))
            return None
        kept = grounded(rows, piece) if self.settings.grounded else rows
        self.dropped += len(rows) - len(kept)
        return kept

    async def _lines(self, subjects: Mapping[str, str]) -> dict[str, str]:
        """A line for each key; where no model wrote one, its subject."""
        lines: dict[str, str] = {}
        if self.recipe.write == "code":
            return lines
        keys, size = list(subjects), self.settings.lines
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        for batch in await self.rt.gather(*(self._batch(one, subjects) for one in batches)) if batches else ():
            lines |= batch
        return lines

    async def _batch(self, keys: Sequence[str], subjects: Mapping[str, str]) -> dict[str, str]:
        schema = self._takes_schema(self.roles.writes)
        said = await self.tree.ask(prompts.write([subjects[key] for key in keys], schema))
        if not isinstance(said, Said):
            return {}
        try:
            lines = read_lines(said.text, len(keys))
        except ValueError as error:
            self.tree.misread(said, str(error))
            return {}
        found = {key: line for key, line in zip(keys, lines, strict=True) if line}
        self.written += len(found)
        return found

    def _takes_schema(self, name: str) -> bool:
        return self.fleet.endpoints[name].capabilities.schema
