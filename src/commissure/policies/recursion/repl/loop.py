"""The loop: the model writes code, the code runs until it calls out, what it printed goes back to the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from commissure.hal.call import Message
from commissure.hal.journal import StepRecord
from commissure.policies.recursion.ask import Answer, Ask, Failed, FailureKind, Said
from commissure.policies.recursion.closing import closed
from commissure.policies.recursion.context import problem_of
from commissure.policies.recursion.repl.built import built, claims
from commissure.policies.recursion.repl.calls_out import CallsOut
from commissure.policies.recursion.repl.code import code_in
from commissure.policies.recursion.repl.wording import NO_CODE, UNBUILT, first_prompt, system_prompt, turn_prompt
from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, Interpreter, Session
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree


@dataclass
class Loop:
    """One model with its sandbox, at `depth`; a recursion from its code is a Loop of its own, one level deeper."""

    tree: Tree
    options: Options
    interpreter: Interpreter
    depth: int = 0
    parent: int | None = None
    name: str = "free_code"
    _history: list[Message] = field(default_factory=list)
    _mistakes: int = 0
    _last: tuple[str, str] = ("", "")

    async def answer(self, task: Task) -> Answer:
        """The answer that the code built; of what failed on the way as much as there is of it."""
        problem = problem_of(task.context)
        if problem is not None:
            return self._closed("", problem)
        deeper = self.depth + 1 < self.tree.limits.depth
        calls = CallsOut(self.tree, self.options, self.depth + 1, self._child if deeper else None)
        with self.interpreter.session(calls.names, self.options.sandbox) as session:
            ended = session.start("None", {"context": task.context})
            if isinstance(ended, CallOut) or ended.error:
                return self._closed("", Failed("sandbox", ended.error if isinstance(ended, Ended) else "it called out"))
            return await self._turns(task, session, calls)

    async def _turns(self, task: Task, session: Session, calls: CallsOut) -> Answer:
        system = system_prompt(self.options, calls=bool(calls.names), recursion=calls.recurse is not None)
        prompt, text, value = first_prompt(task), "", None
        for turn in range(self.options.turns):
            said = await self.tree.ask(self._ask(system, prompt))
            if not isinstance(said, Said):
                return self._closed(text, value=value)
            code = code_in(said.text)
            left = self.options.turns - turn - 1
            self._history += [Message("user", prompt), Message("assistant", said.text)]
            if not code:
                if failed := self._mistake("no code", "the model wrote no block of code"):
                    return self._closed(text, failed, value=value)
                prompt = NO_CODE
                continue
            ended = await self._run(session, code, calls, said.step)
            ready, text, value = built(session) if ended.alive else (False, text, value)
            if ready and not ended.error:
                return closed(self.tree, self.name, text, complete=True, value=value)
            if failed := self._judged(code, ended, session):
                return self._closed(text, failed, value=value)
            if not ended.alive and session.start("None", {"context": task.context}) != Ended():
                return self._closed(text, Failed("sandbox", ended.error), value=value)
            prompt = turn_prompt(ended, self.options.output_chars, left)
            if ended.alive and claims(session):
                prompt += f"\n{UNBUILT}"
        kind: FailureKind = "unbuilt" if claims(session) else "loop"
        return self._closed(text, Failed(kind, f"no answer after {self.options.turns} turns"), value=value)

    def _ask(self, system: str, prompt: str) -> Ask:
        return Ask(
            prompt, "plan", self.depth, system, self.options.code_tokens, parent=self.parent,
            history=tuple(self._history), agent=f"{self.tree.name} root {self.depth}",
        )  # fmt: skip

    async def _run(self, session: Session, code: str, calls: CallsOut, step: int) -> Ended:
        """A turn of code to its end, with what it calls out for."""
        start_s = self.tree.rt.now()
        result: CallOut | Ended = session.start(code)
        while isinstance(result, CallOut):
            result = session.resume(await calls.answer(result, step))
        self.tree.note(
            StepRecord(
                tree=self.tree.name, id=self.tree.next_step(), parent=step, depth=self.depth, kind="run",
                start_s=start_s, end_s=self.tree.rt.now(), output=result.printed[: self.options.output_chars],
                error=result.kind or "", problem=result.error,
            )
        )  # fmt: skip
        return result

    def _judged(self, code: str, ended: Ended, session: Session) -> Failed | None:
        """Why the work ends here: code that fails again and again, or that does the same again."""
        same = (code, ended.printed)
        repeated, self._last = same == self._last, same
        if ended.error:
            kind: FailureKind = "bad code" if ended.kind in ("syntax", "error", None) else "sandbox"
            return self._mistake(kind, ended.error)
        if claims(session):
            return self._mistake("unbuilt", "the model says that its answer is ready, but built none")
        if repeated:
            return self._mistake("loop", "the model wrote the same code again, and it printed the same")
        self._mistakes = 0
        return None

    def _mistake(self, kind: FailureKind, problem: str) -> Failed | None:
        """The failure, once there were too many mistakes in a row; until then the model is told."""
        self._mistakes += 1
        return Failed(kind, problem) if self._mistakes >= self.options.patience else None

    def _closed(self, text: str, *failed: Failed, value: Any = None) -> Answer:
        return closed(self.tree, self.name, text, *failed, complete=False, value=value)

    async def _child(self, question: str, text: str) -> Answer:
        child = Loop(self.tree, self.options, self.interpreter, self.depth + 1, self.parent, self.name)
        return await child.answer(Task(question, text))
