"""What a model that writes code is told: of its sandbox at first, then of each turn."""

from __future__ import annotations

from commissure.policies.recursion.ask import tokens_of
from commissure.policies.recursion.sandbox.interpreter import Ended
from commissure.policies.recursion.strategies.strategy import Options, Task

HEAD_CHARS = 600
# As the reference implementation of recursive language models advises (rlms 0.1.3).
LEAF_CHARS, BATCH = 100_000, 20

_SYSTEM = """\
You answer a question about a text that is too long to read at once. The text is in the variable `context` of a Python
sandbox. You see only what your code prints. Write one block of code a turn:

```python
print(context[:500])
```

It runs, and you see what it printed, at most {output_chars} characters of it. Variables stay from turn to turn.
{calls}
When you know the answer, put it into the variable `answer`, built by your code:

```python
answer = {{"content": result, "ready": True}}
```

Only that ends the work; words outside of a code block are not read. Look at the text first: do not answer in your first
turn. The sandbox has re, json, math, datetime, collections, itertools, functools, csv, dataclasses, random and copy. It
has no files, no network, no other modules (no string, statistics, heapq, operator, io, numpy), no `yield`, no `del`, no
classes that inherit, no decorated methods."""
_CALLS = """\
In code you may ask other models, who see only the prompt that you give them:
- ask(prompt, kind="expand", max_tokens={leaf_tokens}) returns the answer's text. Where no answer comes it raises
  RuntimeError, whose text says why.
- ask_all(prompts, kind="expand", max_tokens={leaf_tokens}) asks side by side and returns a list in order, with None
  for each that brought no answer; None is not an answer. It is quicker than ask in a loop.
- failures() says why the last of these calls brought no answer: a list of (place in the list, kind, problem).
Kinds are retrieve, expand, verify and aggregate. Keep a prompt below {leaf_chars:,} characters, and a list at about
{batch} long prompts: put many short pieces into one prompt.
"""
_RECURSE = """\
- recurse(question, text) lets another model work on a part of the text in a sandbox of its own; it returns its answer,
  and raises as ask does.
- recurse_all(question, texts) does so side by side, with None for each that brought no answer.
"""
NO_CODE = "There was no block of code. Write one block of Python between ```python and ```."
CUT = "Your code was cut off before its end, and did not run. Write shorter code, in several turns."
REPEATED = "You ran this code before, and it printed the same. Do something else."
UNBUILT = (
    "There is no answer yet. By code, set `answer` to a dict with ready=True and a `content` that your code built: "
    "a text that is not empty, a number, a list or a dict."
)


def system_prompt(options: Options, *, calls: bool, recursion: bool) -> str:
    """Of a model at a depth from which sub-calls, and further recursion, are allowed or not."""
    told = ""
    if calls:
        told = _CALLS.format(leaf_tokens=options.leaf_tokens, leaf_chars=LEAF_CHARS, batch=BATCH)
        told += _RECURSE if recursion else ""
    return _SYSTEM.format(output_chars=options.output_chars, calls=told)


def first_prompt(task: Task) -> str:
    """All that the root sees of the context: what it is, how long it is, and how it begins."""
    text = task.context
    head, lines = text[:HEAD_CHARS], text.count("\n") + 1
    cut = "\n[...]" if len(text) > HEAD_CHARS else ""
    # What only says how the text begins is not said twice.
    hint = f"About the text: {task.hint}\n\n" if task.hint and not text.startswith(task.hint[:HEAD_CHARS]) else ""
    return (
        f"The question: {task.question}\n\n{hint}"
        f"`context` is a str of {len(text):,} characters, about {tokens_of(text):,} tokens, in "
        f"{lines:,} lines. It begins:\n{head}{cut}"
    )


def turn_prompt(ended: Ended | None, limit: int, told: str, left: int) -> str:
    """What a turn's code printed, what failed in it, what was wrong beside, and how many turns are left."""
    lines = [] if ended is None else _ran(ended, limit)
    return "\n".join([*lines, *filter(None, [told]), f"Turns left: {left}."])


def _ran(ended: Ended, limit: int) -> list[str]:
    printed = shown(ended.printed, limit)
    lines = [f"It printed:\n{printed}" if printed else "It printed nothing."]
    if ended.error:
        lines.append(f"It failed: {ended.error}")
    if not ended.alive:
        lines.append("The sandbox was started anew: all variables but `context` are lost.")
    return lines


def shown(printed: str, limit: int) -> str:
    """As much as the model sees, with a last line that says how much was cut."""
    if len(printed) <= limit:
        return printed
    return f"{printed[:limit]}\n[{len(printed) - limit:,} characters more were cut]"
