"""The loop: the model writes code, the code runs until it calls out, what it printed goes back to the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from commissure.hal.call import Message
from commissure.hal.journal import StepRecord
from commissure.policies.recursion.ask import Ask, Failed, FailureKind, Outcome, Said
from commissure.policies.recursion.context import problem_of
from commissure.policies.recursion.repl.built import AT_FIRST, NOTHING, built
from commissure.policies.recursion.repl.calls_out import CallsOut
from commissure.policies.recursion.repl.code import code_in
from commissure.policies.recursion.repl.judging import Judge, Mistake, Turn
from commissure.policies.recursion.repl.wording import first_prompt, shown, system_prompt, turn_prompt
from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, Interpreter, Session
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree


@dataclass(frozen=True, slots=True)
class Found:
    """What the code built, whole or not; where it is not whole, why. `step` is the last step of the loop."""

    text: str = ""
    value: Any = None
    failed: Failed | None = None
    step: int | None = None


@dataclass
class Loop:
    """One model with its sandbox, at `depth`; a recursion from its code is a Loop of its own, one level deeper.

    `parent` is the step that asked for it. Loops of one recursion share `numbers`, by which their models are told
    apart. What ends a loop without an answer is one of the tree's failures.
    """

    tree: Tree
    options: Options
    interpreter: Interpreter
    depth: int = 0
    parent: int | None = None
    numbers: Iterator[int] = field(default_factory=count)
    _history: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._agent = f"{self.tree.name} root {next(self.numbers)}"
        self._judge = Judge(self.options.patience)

    async def find(self, task: Task) -> Found:
        """The answer that the code built; of what failed on the way as much as there is of it."""
        problem = problem_of(task.context)
        if problem is not None:
            return self._lost(Found(), problem)
        deeper = self.depth + 1 < self.tree.limits.depth
        calls = CallsOut(self.tree, self.options, self.depth + 1, self._child if deeper else None)
        with self.interpreter.session(calls.names, self.options.sandbox) as session:
            problem = _filled(session, task.context)
            return await self._turns(task, session, calls) if problem is None else self._lost(Found(), problem)

    async def _turns(self, task: Task, session: Session, calls: CallsOut) -> Found:
        system = system_prompt(self.options, calls=bool(calls.names), recursion=calls.recurse is not None)
        prompt, found, turn = first_prompt(task), Found(), Turn("")
        for left in reversed(range(self.options.turns)):
            said = await self.tree.ask(self._ask(system, prompt))
            if not isinstance(said, Said):
                return replace(found, failed=said)
            self._history += [Message("user", prompt), Message("assistant", said.text)]
            turn, step = await self._turn(said, session, calls)
            # A sandbox that died has taken its variables with it: what was built before is still known here.
            found = Found(turn.built.text, turn.built.value, step=step) if turn.alive else replace(found, step=step)
            if turn.done:
                return found
            mistake = self._judge.mistake(turn)
            over = self._over(mistake) or (None if turn.alive else _filled(session, task.context))
            if over is not None:
                return self._lost(found, over)
            prompt = turn_prompt(turn.ended, self.options.output_chars, mistake.told if mistake else "", left)
        kind: FailureKind = "unbuilt" if turn.built.claimed else "loop"
        return self._lost(found, Failed(kind, f"no answer after {self.options.turns} turns"))

    def _ask(self, system: str, prompt: str) -> Ask:
        return Ask(
            prompt, "plan", self.depth, system, self.options.code_tokens, parent=self.parent,
            history=tuple(self._history), agent=self._agent,
        )  # fmt: skip

    async def _turn(self, said: Said, session: Session, calls: CallsOut) -> tuple[Turn, int]:
        """A turn of code to its end, with what it calls out for; and the step that tells of it."""
        start_s, code = self.tree.rt.now(), code_in(said.text)
        # Code without its end may do what nobody wrote.
        cut = not code.closed and said.finish == "length"
        if cut or not code.text:
            turn = Turn(said.text, built=built(session), cut=cut)
            return turn, self._note(said.step, start_s, error="no code")
        result: CallOut | Ended = session.start(code.text)
        while isinstance(result, CallOut):
            result = session.resume(await calls.answer(result, said.step))
        turn = Turn(said.text, code.text, result, built(session) if result.alive else NOTHING)
        output = shown(result.printed, self.options.output_chars)
        return turn, self._note(said.step, start_s, output, result.kind or "", result.error)

    def _note(self, parent: int, start_s: float, output: str = "", error: str = "", problem: str = "") -> int:
        step = StepRecord(
            tree=self.tree.name, id=self.tree.next_step(), parent=parent, depth=self.depth, kind="run",
            start_s=start_s, end_s=self.tree.rt.now(), output=output, error=error, problem=problem,
        )  # fmt: skip
        self.tree.note(step)
        return step.id

    def _over(self, mistake: Mistake | None) -> Failed | None:
        return Failed(mistake.kind, mistake.problem) if mistake and self._judge.out_of_patience else None

    def _lost(self, found: Found, failed: Failed) -> Found:
        """Without a whole answer: the tree tells of it, as of the sub-calls that failed."""
        failed = replace(failed, step=found.step)
        self.tree.failures.append(failed)
        return replace(found, failed=failed)

    async def _child(self, step: int, question: str, text: str) -> Outcome:
        child = Loop(self.tree, self.options, self.interpreter, self.depth + 1, step, self.numbers)
        found = await child.find(Task(question, text))
        return found.failed or Said(found.text, found.step or step)


def _filled(session: Session, context: str) -> Failed | None:
    """A fresh sandbox gets its variables; why it could not, if so."""
    ended = session.start(AT_FIRST, {"context": context})
    if isinstance(ended, CallOut):
        return Failed("sandbox", f"the sandbox called {ended.name}() by itself")
    if ended.error.startswith("UnicodeEncodeError"):
        return Failed("context", f"the context is no text that can be written as UTF-8: {ended.error}")
    return Failed("sandbox", ended.error) if ended.error else None
