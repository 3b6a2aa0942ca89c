"""What authors write: functions of every form and style, well and badly behaved, all stateless."""

import asyncio
from collections import Counter, OrderedDict, namedtuple
from dataclasses import dataclass
from functools import partial
from typing import Any

Verdict = namedtuple("Verdict", "ok reason")


class OddError(Exception):
    def __str__(self) -> str:
        return "first line\n\tsecond 'line' \N{SNOWMAN}"


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@dataclass(frozen=True)
class FrozenError(Exception):
    """Refuses every assignment to itself, `__traceback__` included."""

    code: int


class Undecided:
    def __bool__(self) -> bool:
        raise LookupError("neither true nor false")


class Stopping:
    def __bool__(self) -> bool:
        raise StopIteration("in __bool__")


class Yes:
    def __bool__(self) -> bool:
        return True


class No:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "No()"


ONE_AND_THE_SAME = ValueError("raised again and again")


def raising(error: Any) -> Any:
    def fail(state: Any) -> Any:
        raise error

    return fail


def made(kind: Any) -> Any:
    def fail(state: Any) -> Any:
        raise kind()

    return fail


def giving(value: Any) -> Any:
    return lambda state: value


class Callable:
    def __call__(self, state: Any) -> Any:
        return {**state.data, "called": state.name}


class Counting:
    def by(self, data: Any, context: Any) -> Any:
        data["n"] = data.get("n", 0) + len(context.state)
        return data


# On one line: whether a call or a function's begin goes too deep depends on the caller's depth.
deep: Any = lambda state: deep(state)  # noqa: E731, PLW0108 - see above


def touch(state: Any) -> None:
    state.data["touched"] = state.data.get("touched", 0) + 1
    for value in state.data.values():
        if isinstance(value, list):
            value.append("touched")


def ordered(state: Any) -> Any:
    return OrderedDict(sorted(state.data.items(), key=repr))


def add(state: Any, name: str = "", *, value: int) -> Any:
    state["added"] = value
    return state


def asking(data: Any, context: Any) -> Any:
    return {**data, "asked": [context.uuid(), context.rng.random(), context.now().year]}


async def asking_later(state: Any) -> Any:
    before = state.uuid(), state.rng.random()
    await asyncio.sleep(0)
    return {**state.data, "later": [*before, state.uuid(), state.rng.random()]}


CALLS: Counter[tuple[Any, str]] = Counter()
"""How often the functions below were called for a record, by its `id`, at a state."""


def flaky(state: Any) -> Any:
    """Fail two times out of three for a record that still has its `id`."""
    called = (state.data.get("id"), state.name)
    CALLS[called] += 1
    state.data["half"] = "done"
    if called[0] is not None and CALLS[called] % 3:
        raise ConnectionError(f"call {CALLS[called]}")
    return {**state.data, "calls": CALLS[called] if called[0] is not None else 0}


def often_refusing(state: Any) -> Any:
    """Refuse every other time a record that still has its `id`."""
    called = (state.data.get("id"), f"{state.name}?")
    CALLS[called] += 1
    return called[0] is None or not CALLS[called] % 2


async def flaky_later(state: Any) -> Any:
    await asyncio.sleep(0)
    return flaky(state)


def moved_by_error(state: Any) -> Any:
    return {**state.data, "seen": state.error}


async def later(state: Any) -> Any:
    for _ in range(len(state.data) % 3):
        await asyncio.sleep(0)
    return {**state.data, "later": state.name}


async def later_or_not(state: Any) -> Any:
    await asyncio.sleep(0)
    return state.data["a"]


async def later_failing(data: Any, context: Any) -> Any:
    await asyncio.sleep(0)
    raise OddError(context.state)


class CallableLater:
    async def __call__(self, state: Any) -> None:
        state.data["n"] = -1


TRANSFORMS: list[Any] = [
    # one parameter, fused
    "lambda state: {**state.data, 'a': 1}",
    "lambda state: {'a': state.data['a'], 'n': state.data.get('n', 0)}",
    "lambda s: {**s.data, 'n': s.data.get('n', 0) + 1}",
    "lambda s: {**s.data, 'n': s['n'] + 1, 'at': s.name}",
    "lambda s: s.data | {'b': [s.data.get('a')]}",
    "lambda s: dict(s.data, c=s.name)",
    "lambda s: {k: v for k, v in s.items() if v is not None}",
    # What wraps the record does so once: a loop would nest it a thousand deep.
    "lambda s: {**s.data, 'w': {'x': s.data, 'y': [s.data]}} if 'w' not in s.data else s.data",
    "lambda s: {'only': [[s.data]]} if 'only' not in s.data else None",
    "lambda s: {**s.data, 'same': s.data.get('log')}",
    "lambda s: s.data",
    "lambda s: None",
    "lambda s: [s.data]",
    "lambda s: s.get('b')",
    "lambda s: {**s.data, 'q': 1 / s.data['n']}",
    "lambda s: {**s.data, 'm': max((x for x in s.data['log'] if x != s.name), default=s.name)}",
    "lambda s: {**s.data, 'k': sorted(s.data, key=lambda k: (k in s.data, k))}",
    "lambda s: {'é': s.data['ü']['x'], 'ß': '☃' + s.data['log'][5]}",
    "lambda s: {**s.data, 'text': f\"{s.data['a']!r:>5} {s.data['n']:03d}\"}",
    "lambda s: {**s.data, 'long': '''one  \n  two''' + s.data['a']}",
    """lambda s: {  # what stays
        **s.data,
        'é': (s.data['a']
              ['x']),  # this may fail
        'f': (
            s.data.get('n')
            + s.data.get('b')
        ),
    }""",
    """lambda s: (
        {'big': s.data['a']}
        if s.data.get('n') else
        s
        .data
    )""",
    "lambda s: {**s.data, 'f': {'é': s.data['n']}['é'] ** 2, 'ü': s.data['ü'] @ 3}",
    "lambda s: next(iter([]))",
    "lambda s: {**s.data, 'u': s.data['log'].index(s.data['a'])}",
    # what may be added to the record itself, where nobody else has it, and what looks like it
    "lambda s: {**s.data, 'n': s.data.get('b', 0), 'b': s.data.get('n', 0), 'a': s.data['a']}",
    "lambda s: {**s.data, 'a': s.data.get('n'), 'a': [s.data.get('a')], 'at': 'a' in s.data}",
    "lambda s: {**s.data, 'log': [s.data['log'], s.data['n'] % 2] if s['n'] < 3 else []}",
    "lambda s: {**s.data, 'w': s.data} if 'w' not in s.data else {**s.data, 'n': 1}",
    "lambda s: {**s.data, 'w': 'w' in s.data or s.data}",
    "lambda s: {**s.data, 'w': s.data.get('w', s.data) and 1, 'n': len(s.data)}",
    "lambda s: {**s.data, 'w': [*s.data.values()], 'i': {**s.data} if 'i' not in s.data else 0}",
    "lambda s: {**s.data, **s.data, 'n': 2}",
    "lambda s: {'first': 1, **s.data, 'last': s.data.get('n')}",
    "lambda s: {**s.data, s.name: s.data.get('n')}",
    "lambda d, c: {**d, 'n': d.get('n') or 1, 'b': d['b']}",
    # one parameter, changing the record
    "lambda s: s.data.update(b=2)",
    "lambda s: s.data.setdefault('log', []).append(s.name)",
    "lambda s: s.data.pop('a')",
    "lambda s: s.data['log'].pop() and None",
    "lambda s: [None for s.data['x'] in [1, 2]] and None",
    "lambda s: [s.data.__setitem__('d', 1), s.data['a']['b']][0]",
    "lambda s: list(map(s.data.setdefault('log', []).append, [1])) and None",
    # not to be fused
    "lambda s: {**s}",
    "lambda s: s",
    "lambda s: {**s.data, 'walrus': (x := s.data['n'], x)}",
    "lambda s: {**s.data, 'data': [data for data in s.data['log']]}",
    "lambda s: {**locals()['s'].data, 'l': 1}",
    "lambda s: {**s.data, 'f': [f() for f in [lambda: s.data['n']]]}",
    # two parameters
    "lambda d, c: {**d, 'state': c.state, 'net': c.network}",
    "lambda d, c: d.update(z=1)",
    "lambda d, _: {**d, 'two': d['n'] / d['b']}",
    # none
    "{**data, 'x': state.name}",
    "{**data, 'y': context.network}",
    "data.get('b') or data",
    "data.update(none=1)",
    # bodies
    "data['t'] = data['n']\nreturn data",
    "state.data['t'] = 2\nreturn None",
    "if 'new' not in data:\n    state.data = {'new': state.data}\nreturn",
    "x = context.state\nstate.data = {'ctx': x, **data}\nreturn None",
    "if data.get('a') == 1:\n    raise KeyError('a')\nreturn {**data, 'ok': data['n'] + 1}",
    # definitions
    "def f(state):\n    state.data['d'] = state.data['a']\n    return state.data",
    "def f(data, context):\n    del data['a']",
    "def f(s):\n    raise StopIteration('done')",
    "import json\n\ndef f(s):\n    return {'json': json.loads(s.data['a'])}",
    # asking for what is bound to the run
    "lambda s: {**s.data, 'u': uuid(), 'at': now().isoformat(), 'r': rng.random()}",
    "lambda s: {**s.data, 'u': [uuid() for _ in s.data['log']], 'v': s.uuid()}",
    "lambda d, c: {**d, 'r': rng.sample(d['log'], d['n']), 'c': c.rng.random()}",
    "{**data, 'u': uuid(), 'x': str(uuid.UUID(int=data['n']))}",
    "rng.shuffle(data['log'])",
    "return {**data, 's': [state.uuid(), context.uuid(), uuid()], 'x': context.state}",
    "def f(s):\n    return {'u': uuid()} if s['n'] < 1 else f({'n': s['n'] - 1})",
    "def f(d, c):\n    import uuid\n    return {**d, 'u': uuid.UUID(int=1).hex, 'r': rng.random()}",
    "import time\n\ndef f(s):\n    s.data['r'] = [rng.gauss(0, 1), now().timestamp()]",
    asking,
    # registered
    Callable(),
    Counting().by,
    partial(add, value=3),
    touch,
    ordered,
    dict,
    deep,
    raising(ONE_AND_THE_SAME),
    raising(FrozenError(7)),
    made(OddError),
    made(SpeechlessError),
    made(StopIteration),
    made(KeyError),
    made(partial(KeyError, "valeu")),
    made(partial(ExceptionGroup, "both", [ValueError(1), TypeError(2)])),
    made(partial(TypeError, "'NoneType' object")),
]

VERDICTS: list[Any] = [
    "lambda s: s.data['a']",
    "lambda s: s.data.get('a')",
    "lambda s: s.data.get('n', 0) < 3",
    "lambda s: s.data['n'] < 3 and s.data['b'] or None",
    "lambda s: not s.data.get('log')",
    "lambda s: 'a' in s.data",
    "lambda s: 'a' in s",
    "lambda s: len(s.data) % 2 == 0",
    "lambda s: s.data.get('log', 'nothing')",
    "lambda s: any(v == s.data['a'] for v in s.data.values())",
    "lambda s: s.data.pop('a', None)",
    "lambda s: s.data.update(n=5)",
    "lambda s: s.data.setdefault('n', 0) < 2",
    "lambda s: s.data['log'].append(1) or s.data['log']",
    "lambda s: (s.data.get('a') is None, 'a is there')",
    "lambda s: (False, s.data.get('why'))",
    "lambda s: ('n' in s.data, 'why not', 3)",
    "lambda s: ()",
    "lambda s: (0,)",
    "lambda s: (False,)",
    "lambda s: (0, 'zero is no bool')",
    "lambda s: {**s.data}",
    "lambda s: ''",
    "lambda s: -0.0",
    """lambda s: (
        s.data.get('a')  # a comment
        or s.data['b']
        > s.data['n']
    )""",
    "lambda d, c: c.state in d",
    "lambda d, c: d['n'] > 0",
    "data.get('n')",
    "data['a'] == state.name",
    "data.clear() or True",
    "return data['a'] != 1",
    "data['a'] = True\nreturn data['a']",
    "rng.random() < 0.5",
    "lambda s: (rng.random() < 0.7, uuid())",
    lambda s: s.rng.random() < 0.5,
    "def f(s):\n    return s.data['n'] > 1, s.name",
    giving(True),
    giving(False),
    giving(None),
    giving((True, "x")),
    giving((False, "why")),
    giving(Verdict(False, "why")),
    giving(Verdict(True, None)),
    giving((1, 2, 3)),
    giving(Undecided()),
    giving(Stopping()),
    giving((True, Undecided())),
    giving(Yes()),
    giving(No()),
    touch,
    len,
    made(StopIteration),
    made(OddError),
    raising(ONE_AND_THE_SAME),
]

TAME_TRANSFORMS: list[Any] = [
    "lambda s: {**s.data, 'k': s.data.get('k', 0) + 1}",
    "lambda s: s.data.update(k=s.data.get('k', 0) + 1)",
    "lambda s: {**s.data, 'k': s.data.get('k', 0) + 1, 'at': s.name}",
    "def f(s):\n    s.data['k'] = s.data.get('k', 0) + 1",
    "{**data, 'trace': f\"{data.get('trace', '')}{context.state}\"}",
    "{**data, 'k': data.get('k', 0) + rng.randint(0, 2), 'u': uuid()}",
    asking,
]

TAME_VERDICTS: list[Any] = [
    "lambda s: s.data.get('k', 0) % 2 == 1",
    "lambda s: s.data.get('k', 0) % 3 == 1",
    "lambda s: s.data.get('k', 0) < 3",
    "lambda s: 2 < s.data.get('k', 0) < 6",
    "lambda s: s.data.get('k', 0) in (1, 2, 4)",
    "lambda s: (s.data.get('k', 0) < 2, 'k is small')",
    "data.get('k', 0) < 4 or context.state == 's2'",
    "rng.random() < 0.5",
]
"""With these, records come far, and around loops, before anything fails them."""

LATER: list[Any] = [
    later,
    later_or_not,
    later_failing,
    CallableLater(),
    asking_later,
    "import asyncio\nawait asyncio.sleep(0)\nreturn {**data, 'async': data['n']}",
    "async def f(state):\n    return (await g(state)) or state.data['a']\n\n".join(
        ["async def g(state):\n    return None\n\n", ""]
    ),
    "import asyncio\nawait asyncio.sleep(0)\nreturn {**data, 'u': uuid(), 'r': rng.random()}",
    "async def f(state):\n    return {**state.data, 'u': uuid(), 'at': now().year}",
    "async def f(data, context):\n    raise StopIteration(context.state)",
]

FLAKY_TRANSFORMS: list[Any] = [
    *[flaky] * 8,
    moved_by_error,
    "lambda s: {**s.data, 'error': s.error}",
    "lambda s: {**s.data, 'type': s.error['type']}",
    "lambda s: {**s.data, 'text': f\"{s.error!r:>5}{s.error and s.error['state']}\"}",
    "lambda d, c: {**d, 'context': c.error}",
    "{**data, 'message': (state.error or {}).get('message'), 'same': context.error}",
    "lambda s: s.data.update(log=[*s.data.get('log', [])] if s.error else s.data['a'])",
    "lambda s: s.error.update(type='changed')",
    "def f(s):\n    s.data.setdefault('list', []).append(1)\n    return s.data['nothing']",
]
FLAKY_VERDICTS: list[Any] = [
    *[often_refusing] * 4,
    "lambda s: s.error is None",
    "lambda s: s.error['type'] == 'ConnectionError'",
    "lambda d, c: c.error",
]
