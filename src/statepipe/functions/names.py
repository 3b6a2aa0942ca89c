"""The names that inline code knows without binding them: builtins, and modules of pure functions.

Trusted code knows all builtins; untrusted code those of `SAFE_BUILTINS`. Both know the modules
of `MODULES` by name; untrusted code gets only the listed attributes of them.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from types import MappingProxyType, SimpleNamespace
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EXCEPTIONS = _words(
    """ArithmeticError AssertionError AttributeError Exception FloatingPointError IndexError
    KeyError LookupError NotImplementedError OverflowError RuntimeError TypeError UnicodeError
    ValueError ZeroDivisionError"""
)

SAFE_BUILTINS = EXCEPTIONS | _words(
    """abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate
    filter float format frozenset hash hex int isinstance issubclass iter len list map max min
    next oct ord pow range repr reversed round set slice sorted str sum tuple zip"""
)

# What is left out, and why: string.Formatter and Template read attributes by name;
# operator.attrgetter and methodcaller too; functools.wraps and update_wrapper assign them;
# collections.namedtuple runs eval; base64.encode and json.load take files; uuid.uuid1 starts
# processes; random.seed changes the host; time.sleep holds up the stream.
MODULES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        name: _words(attributes)
        for name, attributes in {
            "base64": """b16decode b16encode b32decode b32encode b64decode b64encode b85decode
                b85encode standard_b64decode standard_b64encode urlsafe_b64decode
                urlsafe_b64encode""",
            "collections": "Counter OrderedDict defaultdict deque",
            "copy": "copy deepcopy",
            "datetime": "MAXYEAR MINYEAR UTC date datetime time timedelta timezone",
            "decimal": """Decimal DivisionByZero InvalidOperation ROUND_CEILING ROUND_DOWN
                ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP""",
            "fractions": "Fraction",
            "functools": "cmp_to_key partial reduce",
            "hashlib": """blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_224 sha3_256
                sha3_384 sha3_512 sha512""",
            "html": "escape unescape",
            "itertools": """accumulate batched chain combinations combinations_with_replacement
                compress count cycle dropwhile filterfalse groupby islice pairwise permutations
                product repeat starmap takewhile zip_longest""",
            "json": "JSONDecodeError dumps loads",
            "math": """acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh
                degrees dist e erf erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma
                gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p
                log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt sumprod
                tan tanh tau trunc ulp""",
            "operator": """add and_ concat contains countOf eq floordiv ge gt indexOf inv invert
                is_ is_not itemgetter le lt mod mul ne neg not_ or_ pos sub truediv truth xor""",
            "random": """betavariate choice choices expovariate gauss getrandbits normalvariate
                randbytes randint random randrange sample shuffle triangular uniform""",
            "re": """A ASCII DOTALL I IGNORECASE M MULTILINE S VERBOSE X compile error escape
                findall finditer fullmatch match search split sub subn""",
            "statistics": """StatisticsError correlation covariance fmean geometric_mean
                harmonic_mean linear_regression mean median median_grouped median_high median_low
                mode multimode pstdev pvariance quantiles stdev variance""",
            "string": """ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits
                octdigits printable punctuation whitespace""",
            "textwrap": "dedent fill indent shorten wrap",
            "time": """altzone asctime ctime daylight gmtime localtime mktime monotonic
                monotonic_ns perf_counter perf_counter_ns strftime strptime time time_ns timezone
                tzname""",
            "unicodedata": """bidirectional category combining decimal digit east_asian_width
                is_normalized lookup mirrored name normalize numeric""",
            "uuid": """NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 UUID uuid3 uuid4
                uuid5""",
        }.items()
    }
)

# C code imports these in the name of whoever called it: `datetime.strptime` imports `_strptime`.
# It takes them from sys.modules and ignores what the import returns.
IMPORTED_BY_C = frozenset(("_pylong", "_strptime", "warnings"))

BUILTINS = frozenset(
    name for name in vars(builtins) if not name.startswith("_") or name == "__import__"
)


def attributes_of(module: str) -> frozenset[str]:
    """Return what untrusted code may use of `module`, as far as this Python has it."""
    allowed = MODULES.get(module, frozenset())
    return allowed & vars(import_module(module)).keys() if allowed else allowed


def close_match(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `name` is most likely a misspelling of."""
    matches = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return matches[0] if matches else None


def namespace(names: Iterable[str], *, trusted: bool) -> dict[str, Any]:
    """Return the globals of inline code whose free names are `names`.

    Only the modules among `names` are imported.
    """
    scope: dict[str, Any] = {
        "__builtins__": vars(builtins) if trusted else GUARDED_BUILTINS,
        "__name__": "statepipe.inline",
    }
    for name in names:
        if name in MODULES:
            scope[name] = import_module(name) if trusted else guarded_module(name)
    return scope


class StandIn(SimpleNamespace):
    """Stands in for a module. It is shared by all untrusted code, and so never changes."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name!r} of a module cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name!r} of a module cannot be deleted")


@cache
def guarded_module(name: str) -> StandIn:
    """Return the stand-in for a module: it holds only what untrusted code may use."""
    module = vars(import_module(name))
    return StandIn(**{key: module[key] for key in MODULES[name] if key in module})


def guarded_import(
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002 - Python's own signature
    locals: Mapping[str, object] | None = None,  # noqa: A002 - Python's own signature
    fromlist: Iterable[str] = (),
    level: int = 0,
) -> StandIn | None:
    """Stand in for `__import__` in untrusted code, should a refused import pass the check."""
    if name in MODULES and level == 0:
        return guarded_module(name)
    if name in IMPORTED_BY_C:
        import_module(name)
        return None
    raise ImportError(f"module {name!r} is not allowed in an untrusted config")


GUARDED_BUILTINS: dict[str, Any] = {
    **{name: vars(builtins)[name] for name in SAFE_BUILTINS},
    "__import__": guarded_import,
}
