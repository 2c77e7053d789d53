"""What a model that writes code is told: of its sandbox at first, then of each turn."""

from __future__ import annotations

from commissure.policies.recursion.ask import tokens_of
from commissure.policies.recursion.sandbox.interpreter import Ended
from commissure.policies.recursion.strategies.strategy import Options, Task

HEAD_CHARS = 600
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

Only that ends the work; words outside of a code block are not read. Look at the text before you answer. The sandbox has
re, json, math, datetime, collections, itertools and functools, and no files, no network, no `yield`, no `del`."""
_CALLS = """\
In code you may ask other models, who see only the prompt that you give them:
- ask(prompt, kind="expand", max_tokens=256) returns the answer's text. It raises RuntimeError if no answer comes.
- ask_all(prompts, kind="expand", max_tokens=256) asks side by side and returns a list in order, with None for each
  that brought no answer. Kinds are retrieve, expand, verify and aggregate. Keep a prompt below {leaf_chars} characters.
"""
_RECURSE = """\
- recurse(question, text) lets another model work on a part of the text in a sandbox of its own; it returns its answer.
- recurse_all(question, texts) does so side by side, with None for each that brought no answer.
"""
NO_CODE = "There was no block of code. Write one block of Python between ```python and ```."
UNBUILT = "`answer` must be a dict with a `content` that your code built (a text, a number or a list) and ready=True."


def system_prompt(options: Options, *, calls: bool, recursion: bool) -> str:
    """Of a model at a depth from which sub-calls, and further recursion, are allowed or not."""
    told = _CALLS.format(leaf_chars=LEAF_CHARS) + (_RECURSE if recursion else "") if calls else ""
    return _SYSTEM.format(output_chars=options.output_chars, calls=told)


def first_prompt(task: Task) -> str:
    """All that the root sees of the context: what it is, how long it is, and how it begins."""
    text = task.context
    lines = text.count("\n") + 1
    return (
        f"The question: {task.question}\n\n"
        f"`context` is a str of {len(text):,} characters, about {tokens_of(text):,} tokens, in {lines:,} lines. "
        f"It begins:\n{text[:HEAD_CHARS]}\n[...]"
    )


def turn_prompt(ended: Ended, limit: int, left: int) -> str:
    """What a turn's code printed, what failed in it, and how many turns are left."""
    printed = ended.printed[:limit]
    if len(ended.printed) > limit:
        printed += f"\n[{len(ended.printed) - limit:,} characters more were cut]"
    told = f"It printed:\n{printed}" if printed else "It printed nothing."
    if ended.error:
        told += f"\nIt failed: {ended.error}"
    if not ended.alive:
        told += "\nThe sandbox was started anew: all variables but `context` are lost."
    return f"{told}\n{left} turns are left."
