"""The code that a modelled root writes: look, ask leaves about the rows, count; with the mistakes of its model."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.profiles.model import Skill
from commissure.hal.profiles.quantity import value_of
from commissure.policies.recursion.ask import tokens_of
from commissure.policies.recursion.repl.calls_out import ALL
from commissure.policies.recursion.repl.calls_out import CHILDREN as CHILDREN_CALL
from commissure.scenarios.deep_context.questions.plan import TOKENS_A_ROW, leaf_instructions
from commissure.scenarios.deep_context.questions.record import Question

_LOOK = 'lines = context.split("\\n")\nprint(len(lines))\nprint("\\n".join(lines[:4]))'
_FACT = """\
import re
found = [line for line in context.split("\\n") if {key!r} in line]
print(found[:5])
numbers = re.findall("[0-9]{{7}}", found[0]) if found else []
answer = {{"content": numbers[0] if numbers else "unknown", "ready": True}}"""
_ROWS = """\
import re
shown = [line for line in context.split("\\n") if line.startswith("Date: ")]
size = {size}
pieces = [shown[i:i + size] for i in range(0, len(shown), size)]
labels = {labels!r}
"""
_ASK = """\
def prompt_of(piece):
    numbered = [str(i + 1) + ". " + piece[i] for i in range(len(piece))]
    return {instructions!r} + "\\n\\n" + "\\n".join(numbered) + "\\n\\n" + str(len(piece)) + " letters:"
def read(piece, said):
    letters = [c for c in said or "" if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:len(labels)]]
    if len(letters) != len(piece):
        return None
    rows = []
    for line, c in zip(piece, letters):
        day, user = re.match("Date: (.{{10}}) .. User: ([0-9]+)", line).groups()
        rows.append([day, user, labels[ord(c) - 65]])
    return rows
said = ask_all([prompt_of(piece) for piece in pieces], max_tokens={most})
parts = [read(piece, one) for piece, one in zip(pieces, said)]
again = [i for i in range(len(parts)) if parts[i] is None]
if again:
    for i, one in zip(again, ask_all([prompt_of(pieces[i]) for i in again], kind="verify", max_tokens={most})):
        parts[i] = read(pieces[i], one) or []
rows = [row for part in parts for row in part]
print(len(rows), "of", len(shown))"""
_CHILDREN = """\
size = max(1, -(-len(shown) // {children}))
parts = ["\\n".join(shown[i:i + size]) for i in range(0, len(shown), size)]
said = recurse_all({question!r}, parts)
rows = []
for part in said:
    for line in (part or "").split("\\n"):
        day, _, rest = line.partition(",")
        user, _, label = rest.partition(",")
        if label in labels:
            rows.append([day, user, label])
print(len(rows), "of", len(shown))"""
_TOLD = '\nanswer = {"content": [",".join(row) for row in rows], "ready": True}\nprint(len(rows))'
_KEYWORDS = """\
words = dict(what=0, who=1, where=2, how=3, which=4, when=5)
rows = []
for line in shown:
    day, user = re.match("Date: (.{10}) .. User: ([0-9]+)", line).groups()
    first = line.split("Instance: ")[1].split(" ")[0].lower()
    rows.append([day, user, labels[words.get(first, 0) % len(labels)]])
print(len(rows))"""
_READY = '\nanswer = {"content": str(result), "ready": True}\nprint(answer["content"][:200])'
_BROKEN = "print(contxt[:100])"


# What a root asks of the models below it, which write code too.
CHILD_QUESTION = "Label every row. Answer with one line a row: its day, its user and its label, with commas between."
CHILDREN = 4


def written(call: Call, question: Question, skill: Skill, labels: Sequence[str], chunk_tokens: int, name: str) -> str:
    """The next turn of a run, as a fenced block.

    With the probability `code_error` a turn of the run fails first; with `wrong_plan` the rows are sorted by their
    first words, and nobody reads them. Where leaves cannot be asked, at depth 0, it must do so too.
    """
    turn = sum(one.role == "assistant" for one in call.history)
    roll = dice(f"{name} {question.id} {question.text} program")
    broken_at = roll.randrange(1, 3) if roll.random() < value_of(skill.code_error) else -1
    leaves = f"- {ALL}(" in call.system and roll.random() >= value_of(skill.wrong_plan)
    if turn == broken_at:
        return fenced(_BROKEN)
    done = turn - (0 <= broken_at < turn)
    deeper = leaves and f"- {CHILDREN_CALL}(" in call.system
    if _is_child(call):
        turns = [_LOOK, _labelling(labels, chunk_tokens, leaves=leaves, deeper=deeper) + _TOLD]
    else:
        turns = _program(question, labels, chunk_tokens, leaves=leaves, deeper=deeper)
    return fenced(turns[min(done, len(turns) - 1)])


def _is_child(call: Call) -> bool:
    first = call.history[0].text if call.history else call.prompt
    return CHILD_QUESTION in first


def _program(question: Question, labels: Sequence[str], chunk_tokens: int, *, leaves: bool, deeper: bool) -> list[str]:
    if not question.code:
        return [_LOOK, _FACT.format(key=question.key)]
    return [
        _LOOK, _labelling(labels, chunk_tokens, leaves=leaves, deeper=deeper), question.code + _READY,
    ]  # fmt: skip


def _labelling(labels: Sequence[str], chunk_tokens: int, *, leaves: bool, deeper: bool) -> str:
    """Rows with labels: by models below that write code, by leaves, or by first words."""
    instructions = leaf_instructions(labels)
    # As many rows as fit; the first rows show how long they are.
    size = max(1, (chunk_tokens - tokens_of(instructions)) // 26)
    rows = _ROWS.format(size=size, labels=list(labels))
    if deeper:
        return rows + _CHILDREN.format(children=CHILDREN, question=CHILD_QUESTION)
    most = TOKENS_A_ROW * size + 24
    return rows + (_ASK.format(instructions=instructions, most=most) if leaves else _KEYWORDS)


def fenced(code: str) -> str:
    """As a model says it."""
    return f"```python\n{code}\n```"
