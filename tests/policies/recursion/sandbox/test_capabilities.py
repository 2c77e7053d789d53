"""What code may use: it works as in Python, and what is not there is told by its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commissure.policies.recursion.sandbox.failures import MODULES
from commissure.policies.recursion.sandbox.interpreter import Ended
from commissure.policies.recursion.sandbox.monty import MontyInterpreter

WORKS = [
    "import re\nre.findall(r'(?<=\\$)(\\d+)', 'a $12 b $7')",
    "import re\n[m.group('k') for m in re.finditer(r'(?P<k>\\w+)=(?P<v>\\w+)', 'a=1 b=2')]",
    "import re\nre.sub(r'(\\w+) (\\w+)', r'\\2 \\1', 'a b')",
    "import re\nre.split(r'\\s*\\|\\|\\s*', 'a || b||c')",
    "import json\njson.loads(json.dumps({'a': [1, 2.5, None, True, 'é']}))",
    "import csv\nlist(csv.reader(['a,b', '\"c,d\",e']))",
    "from datetime import datetime\n(datetime.strptime('Mar 03, 2024', '%b %d, %Y')).strftime('%Y-%m-%d %A')",
    "from datetime import date, timedelta\nstr(date(2024, 2, 28) + timedelta(days=2))",
    "from collections import Counter\nCounter('abracadabra').most_common(2)",
    "from collections import defaultdict\nd = defaultdict(list)\nd['a'].append(1)\ndict(d)",
    "from collections import deque\nlist(deque([1, 2, 3], maxlen=2))",
    "from itertools import groupby, chain, islice, combinations\n[(k, list(g)) for k, g in groupby('aab')]",
    "from itertools import combinations\nlist(combinations('abc', 2))",
    "from functools import reduce, lru_cache\nreduce(lambda a, b: a * b, range(1, 6))",
    "import math\n(math.sqrt(2), math.floor(-1.5), math.gcd(12, 18), math.isclose(0.1 + 0.2, 0.3))",
    "from bisect import bisect_left\nbisect_left([1, 3, 5], 4)",
    "class A:\n  def __init__(self, x): self.x = x\n  def twice(self): return 2 * self.x\nA(4).twice()",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n  x: int\n  y: int = 2\nP(1).x + P(1).y",
    "def outer(n):\n  def inner(k): return n + k\n  return inner\nouter(2)(3)",
    "def twice(f):\n  def g(x): return f(f(x))\n  return g\n@twice\ndef h(x): return x + 3\nh(1)",
    "match {'a': [1, 2]}:\n  case {'a': [x, *rest]}: r = (x, rest)\nr",
    "try:\n  {}['a']\nexcept KeyError as e:\n  r = repr(e)\nfinally:\n  s = 1\n(r, s)",
    "sorted({'b': 1, 'a': 3}.items(), key=lambda kv: -kv[1])",
    "{w: len(w) for w in 'one two three'.split() if 'e' in w}",
    "[*range(3), *[x for x in (4, 5)]]",
    "a, *b = [1, 2, 3]\n(a, b)",
    "f'{3.14159:.2f}|{42:>6}|{\"x\"!r}|{1234567:,}'",
    "sum(1 for line in 'a\\nb\\n\\nc'.splitlines() if line.strip())",
    "any(x > 2 for x in [1, 2, 3]) and all(x for x in [1, 2])",
    "list(zip('ab', [1, 2])) + list(enumerate('c', 1)) + list(map(str, [1])) + list(filter(None, [0, 2]))",
    "(n := 5) + n",
]
NO_MODULES = ("statistics", "string", "textwrap", "heapq", "operator", "enum", "uuid", "io", "pprint", "numpy")
NOT_YET = "NotImplementedError: The monty syntax parser does not yet support"
MISSING = {
    "def f():\n  yield 1": f"line 2: {NOT_YET} yield expressions",
    "class A(dict): pass": f"line 1: {NOT_YET} class inheritance",
    "x = 1\ndel x": f"line 2: {NOT_YET} the 'del' statement",
    "from collections import OrderedDict": "line 1: ImportError: cannot import name 'OrderedDict'",
    "'abc'.translate({97: 'b'})": "line 1: AttributeError: 'str' object has no attribute 'translate'",
    "bytearray(3)": "line 1: NameError: name 'bytearray' is not defined",
} | {f"import {name}": f"line 1: ModuleNotFoundError: No module named '{name}' in here" for name in NO_MODULES}


@pytest.fixture(scope="module")
def home() -> Iterator[MontyInterpreter]:
    with MontyInterpreter() as home:
        yield home


@pytest.mark.parametrize("code", WORKS)
def test_what_works_works_as_in_python(code: str, home: MontyInterpreter) -> None:
    *body, last = code.split("\n")
    names: dict[str, object] = {}
    exec("\n".join(body), names)
    with home.session(()) as session:
        assert session.run(code) == Ended(eval(last, names))


@pytest.mark.parametrize("code", MISSING)
def test_what_is_missing_is_named(code: str, home: MontyInterpreter) -> None:
    with home.session(()) as session:
        ended = session.run(code)
        assert ended.error.startswith(MISSING[code])
        assert ended.kind in ("syntax", "error")


def test_every_module_that_is_listed_can_be_imported(home: MontyInterpreter) -> None:
    with home.session(()) as session:
        for name in MODULES.split(", "):
            assert session.run(f"import {name}") == Ended(), name
