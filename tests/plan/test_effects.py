import pytest

from statepipe.plan.analyse import analyse
from tests.plan.machines import inline

HARMLESS = """
lambda s: s.data['a']
lambda s: s.data.get('a', {}).get('b')
lambda s: {**s.data, 'b': 1}
lambda s: [x for x in s.data['l'] if x]
lambda s: sorted(s.data['l'], key=str.lower)
lambda s: sorted(s.data['l'], key=lambda x: x['a'])
lambda s: ', '.join(map(str, s.data['l']))
lambda s: re.sub('a', 'b', s.data['t'])
lambda s: re.match('a', s.data['t']).group(0)
lambda s: json.dumps(s.data)
lambda s: __import__('time').time()
lambda s: __import__('datetime').datetime.now().year
lambda s: datetime.datetime.now(datetime.timezone.utc).isoformat()
lambda s: hashlib.sha256(s.data['t'].encode()).hexdigest()
lambda s: math.pi * s.data['r'] ** 2
lambda s: {**s.data, 'id': uuid(), 'short': uuid().replace('-', '')[:8]}
lambda s: now().isoformat() + str(now().timestamp()) + s.data['t']
lambda s: rng.choice(s.data['l'])
lambda s: rng.random() < s.data['p']
lambda s: f"{s.data['a']!r:>{s.data['w']}}"
lambda s: s.data['z'].real
lambda s: max(s.data['l'], default=0) if s.data['l'] else None
lambda s: copy.deepcopy(s.data)
lambda s: s.name.upper()
lambda d, c: d['a']
data['a'] + state.data['b']
""".strip().splitlines()

MUTATING = """
lambda s: s.data.update(a=1)
lambda s: s.data['l'].append(1)
lambda s: s.data.pop('a')
lambda s: s.data['l'].sort(key=len)
lambda s: (d := s.data).update(a=1)
lambda s: [d.clear() for d in [s.data]]
lambda s: random.choice(s.data['l']).append(1)
lambda s: operator.itemgetter('l')(s.data).append(1)
lambda s: rng.choice(s.data['l']).append(1)
lambda s: [0 for s.data['x'] in [1]]
lambda s: [0 for s.data['l'][0] in [1]]
data.setdefault('a', 1)
""".strip().splitlines()

UNKNOWN = """
lambda s: list(map(s.data['l'].append, [1]))
lambda s: max(s.data['l'], key=s.data['l'].remove)
lambda s: list(map(dict.update, [s.data], [{'a': 1}]))
lambda s: random.shuffle(s.data['l'])
lambda s: __import__('random').shuffle(s.data['l'])
lambda s: rng.shuffle(s.data['l'])
lambda s: rng.setstate(s.data['l'])
lambda s: [rng.choice(s.data['l']) for rng in [s.data['f']]]
lambda s: [now().isoformat(s.data) for now in [s.data['f']]]
lambda s: now().keep(s.data)._x
lambda s: __import__('heapq').heappush(s.data['l'], 1)
lambda s: __import__(s.data['m']).get(s.data)
lambda s: s.data.__setitem__('a', 1)
lambda s: setattr(s, 'data', {})
lambda s: list(map(print, [s.data]))
lambda s: sorted(s.data['l'], key=print)
lambda s: eval('s.data')
lambda s: s.data['f'](1)
lambda s: (lambda x: x)(s.data)
lambda s: [len(s.data) for len in [s.data['f']]]
lambda s: functools.partial(print)(s.data)
lambda s: operator.methodcaller('append', 1)(s.data['l'])
lambda s: [0 for s.data in [{}]]
lambda s: s.keep(s.data)
lambda s: list(map(random.choice(s.data['l']).append, [1]))
lambda s: json.dumps.__globals__
lambda s: re.sub('a', 'b', s.data['t']).__class__
lambda s: json.dump(s.data, s.data['file'])
lambda s: [re.sub('a', 'b', s.data['t']) for re in [s.data['x']]]
""".strip().splitlines()


@pytest.mark.parametrize("code", HARMLESS)
def test_what_only_reads_is_proved_harmless(code: str) -> None:
    facts = analyse(inline(code))

    assert (facts.mutates, facts.leaks) == (False, False)


@pytest.mark.parametrize("code", MUTATING)
def test_a_change_in_place_is_seen(code: str) -> None:
    assert analyse(inline(code)).mutates


@pytest.mark.parametrize("code", UNKNOWN)
def test_what_is_not_known_may_do_anything(code: str) -> None:
    assert analyse(inline(code)).leaks


@pytest.mark.parametrize("code", ["lambda s: s", "lambda s: [s]", "lambda d, c: c", "{**state}"])
def test_a_parameter_used_as_such_is_let_out(code: str) -> None:
    assert analyse(inline(code)).leaks


@pytest.mark.parametrize(
    "code", ["lambda s: s.resources['r']", "context.resources", "lambda s: s.x"]
)
def test_what_else_a_view_has_may_be_shared(code: str) -> None:
    assert analyse(inline(code)).leaks
