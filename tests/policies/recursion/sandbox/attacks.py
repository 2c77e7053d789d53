"""What hostile or careless code tries, and what is to come of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """`kinds`: how the run may end; empty where it may as well end without an error, having got nothing."""

    name: str
    code: str
    kinds: frozenset[str]


def _group(kinds: str, **codes: str) -> list[Attack]:
    return [Attack(name, code, frozenset(kinds.split())) for name, code in codes.items()]


def _doubled(times: int) -> str:
    return f"x = ['lol']\nfor _ in range({times}): x = [x, x]\n"


FILES = _group(
    "refused error",
    open="open(CANARY).read()",
    open_number="open(0).read()",
    open_relative="open('../../../../../../..' + CANARY).read()",
    open_zero="open(CANARY + '\\x00.txt').read()",
    open_write="open(CANARY, 'w').write('gone')",
    with_open="with open(CANARY) as f:\n  print(f.read())",
    pathlib="from pathlib import Path\nPath(CANARY).read_text()",
    path_home="from pathlib import Path\nPath.home()",
    unlink="from pathlib import Path\nPath(CANARY).unlink()",
    listdir="import os\nos.listdir('/')",
    walk="import os\nlist(os.walk('/'))[0][1][0]",
    exists="import os\nos.path.exists(CANARY)",
    chdir="import os\nos.chdir('/tmp')",
    process="open('/proc/self/environ').read()",
    memory="open('/proc/self/mem', 'rb').read(10)",
    eval_open="eval('open(CANARY).read()')",
    exec_open="exec('print(open(CANARY).read())')",
    wide_letters="\uff4f\uff50\uff45\uff4e(CANARY).read()",
    alias="f = open\nf(CANARY).read()",
)
ENVIRONMENT = _group(
    "refused error",
    environ="import os\nprint(os.environ)",
    environ_get="import os\nos.environ.get('COMMISSURE_CANARY') + ''",
    getenv="import os\nos.getenv('COMMISSURE_CANARY')",
    putenv="import os\nos.putenv('COMMISSURE_CANARY', 'changed')",
    urandom="import os\nos.urandom(8)",
    system="import os\nos.system('id')",
    popen="import os\nos.popen('id').read()",
    fork="import os\nos.fork()",
    kill="import os\nos.kill(os.getppid(), 9)",
    path="import sys\nsys.path",
    modules="import sys\nsys.modules['os']",
    frame="import sys\nsys._getframe(1)",
    exit="raise SystemExit(3)",
    interrupt="raise KeyboardInterrupt()",
    quit="quit()",
    input="input()",
    breakpoint="breakpoint()",
)
IMPORTS = _group(
    "error syntax",
    **{
        name: f"import {name}"
        for name in ("socket", "subprocess", "ctypes", "importlib", "builtins", "inspect", "gc", "threading", "signal")
    },
    multiprocessing="from multiprocessing import Process",
    urllib="from urllib.request import urlopen",
    http="import http.client",
    asyncio_network="import asyncio\nasyncio.open_connection('127.0.0.1', 80)",
    asyncio_process="import asyncio\nasyncio.create_subprocess_shell('id')",
    dunder_import="__import__('os').system('id')",
    by_builtins="__builtins__['__import__']('os')",
    pickle="import pickle\npickle.loads(b'cos\\nsystem\\n(S\"id\"\\ntR.')",
    secrets="import random\nrandom.SystemRandom().random()",
)
WALKS = _group(
    "error syntax",
    bases="().__class__.__bases__[0].__subclasses__()",
    getattr="getattr((), '__cl' + 'ass__')",
    mro="type(1).mro()",
    function_globals="def f(): pass\nf.__globals__",
    function_code="def f(): pass\nf.__code__",
    function_closure="(lambda: CANARY).__closure__",
    own_self="print.__self__",
    host_globals="ask.__globals__",
    generator_frame="(i for i in [1]).gi_frame.f_back",
    traceback="try:\n  1 / 0\nexcept Exception as e:\n  e.__traceback__.tb_frame",
    format_walk="'{0.__class__}'.format(1)",
    format_globals="'{0.__init__.__globals__}'.format(ValueError)",
    reduce="[].__reduce__()",
    module_of="import json\njson.codecs",
    regex_module="import re\nre.sys",
    compile="compile('1', 'a', 'exec')",
    all_globals="globals()",
    loader="__loader__.get_data(CANARY)",
    exec_os="exec('import os; os.system(1)')",
    new_type="type('X', (object,), {'__del__': print}).mro()",
)
REGEXES = _group(
    "",
    nested_plus="import re\nre.match('(a+)+$', 'a' * 5000 + '!')",
    two_plus="import re\nre.search('(x+x+)+y', 'x' * 2000)",
    either_same="import re\nre.sub('(a|a)*b', '', 'a' * 5000)",
    star_of_star="import re\nre.match('(a*)*$', 'a' * 5000 + 'b')",
    back_reference="import re\nre.match(r'(a+)\\1+$', 'a' * 3001 + 'b')",
    look_behind="import re\nre.findall(r'(?<=a)(a+)+c', 'a' * 3000)",
    repeats="import re\nre.compile('(a{1000}){1000}')",
    repeats_deep="import re\nre.compile('((((a{99}){99}){99}){99})')",
    groups="import re\nre.compile('(' * 5000 + ')' * 5000)",
)
MEMORY = _group(
    "memory time error",
    text="'a' * 10**10",
    text_grows="x = 'a'\nwhile True: x += x",
    text_kept="x = 'a' * (6 * 2**20)",
    items="[0] * 10**9",
    items_grow="x = []\nwhile True: x = [x, x, 'a' * 100]",
    mapping="d = {}\ni = 0\nwhile True:\n  d[i] = str(i) * 100\n  i += 1",
    numbers="list(range(10**10))",
    power="10 ** 10**8",
    shift="1 << 10**10",
    squares="x = 7\nwhile True: x *= x",
    factorial="import math\nmath.factorial(10**7)",
    percent="'%1000000000d' % 1",
    formatted="f'{1:1000000000d}'",
    aligned="'{:>2000000000}'.format(1)",
    filled="'1'.zfill(10**10)",
    just="'a'.ljust(10**10)",
    tabs="('\\t' * 10**5).expandtabs(10**6)",
    octets="bytes(10**10)",
    joined="','.join(['a' * 10**5] * 10**5)",
    replaced="('a' * 10**5).replace('a', 'b' * 10**5)",
    repeated="import itertools\nlist(itertools.repeat(1, 10**10))",
    product="import itertools\nlist(itertools.product(range(1000), repeat=6))",
    queue="from collections import deque\ndeque(range(10**10))",
    counter="from collections import Counter\nCounter(range(10**9))",
    dumps="import json\njson.dumps([[0] * 1000] * 10**5)",
    error_text="raise ValueError('x' * 10**8)",
    value="'x' * 10**8",
    printed="print('x' * 10**8)",
    printed_tree=_doubled(40) + "print(x)",
    given="ask('x' * 10**8)",
    caught="while True:\n  try:\n    'a' * 10**10\n  except BaseException: pass",
)
TIME = _group(
    "time output memory",
    loop="while True: pass",
    range_loop="for i in range(10**12): pass",
    caught="while True:\n  try:\n    while True: pass\n  except BaseException: pass",
    finally_loop="try:\n  while True: pass\nfinally:\n  while True: pass",
    summed="sum(range(10**12))",
    largest="max(range(10**11))",
    power="pow(3, 10**5000, 10**5000)",
    comb="import math\nmath.comb(10**6, 5 * 10**5)",
    recursion="def f():\n  try: f()\n  except BaseException: f()\nf()",
    calls_between="while True:\n  for i in range(10**6): pass\n  ask(1)",
    flood="while True: print('x' * 1000)",
    flood_of_letters="while True: print(end='a')",
    flood_of_errors="import sys\nwhile True: print('x' * 1000, file=sys.stderr)",
)
DEPTH = _group(
    "syntax recursion error memory",
    calls="def f(n): return f(n + 1)\nf(0)",
    anonymous="f = lambda: f()\nf()",
    equal="x = []; y = []\nfor i in range(10**4): x = [x]; y = [y]\nx == y",
    parentheses="x = " + "(" * 10**4 + "1" + ")" * 10**4,
    brackets="x = " + "[" * 10**5 + "]" * 10**5,
    minus="x = " + "-" * 10**5 + "1",
    plus="x = " + "1+" * 10**4 + "1",
    nots="x = " + "not " * 10**4 + "1",
    lambdas="x = " + "lambda:" * 10**4 + "1",
    blocks="".join(" " * depth + "if 1:\n" for depth in range(400)) + " " * 400 + "pass",
    evaluated="eval('(' * 10**5)",
    json_nested="import json\njson.loads('[' * 10**6)",
    json_deep="import json\nx = []\nfor i in range(10**4): x = [x]\njson.dumps(x)",
)
CROSSING = _group(
    "",
    glob="from pathlib import Path\nlist(Path('/').glob('*'))",
    deep_in_call="x = []\nfor i in range(10**4): x = [x]\nask(x)",
    doubled=_doubled(40) + "x",
    doubled_in_call=_doubled(40) + "ask(x)",
    doubled_in_name=_doubled(40) + "ask(key=x)",
    doubled_mapping="x = {}\nfor _ in range(40): x = {1: x, 2: x}\nx",
    doubled_object="class A:\n  def __init__(s, v): s.v = v\n" + _doubled(40) + "A(x)",
    doubled_error=_doubled(40) + "raise ValueError(x)",
    long_shared="x = 'a' * 10**6\n[x] * 10**5",
    deep_value="x = []\nfor i in range(10**4): x = [x]\nx",
    circle="x = []\nx.append(x)\nx",
    circle_in_call="x = {}\nx['a'] = x\nask(x)",
    large_number="x = 7\nfor _ in range(18): x *= x\nask(x)",
    half_letter="ask('\\ud800')",
    host_function="ask",
    host_function_back="ask(ask)",
    print_is_ask="print = ask\nprint('x')",
    ask_is_mine="def ask(*a): return 'mine'\nask(1)",
    sleeping="import time\ntime.sleep(10**6)",
    calls_forever="while True: ask(1)",
    calls_caught="while True:\n  try: ask(1)\n  except BaseException: pass",
    names_caught="while True:\n  try: nothing\n  except BaseException: pass",
    files_caught="while True:\n  try: open('x')\n  except BaseException: pass",
    awaited="import asyncio\nasync def f():\n  return await ask(1)\nasyncio.run(f())",
    by_map="list(map(ask, [1, 2]))",
)
ALL = {
    f"{group}-{attack.name}": attack
    for group, attacks in {
        "files": FILES, "environment": ENVIRONMENT, "imports": IMPORTS, "walks": WALKS, "regexes": REGEXES,
        "memory": MEMORY, "time": TIME, "depth": DEPTH, "crossing": CROSSING,
    }.items()
    for attack in attacks
}  # fmt: skip
