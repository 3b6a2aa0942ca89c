"""Names whose effect on JSON values is known: pure builtins, methods that only read, mutators."""

from __future__ import annotations

PURE_BUILTINS = frozenset(
    """abs all any ascii bin bool bytes chr dict divmod enumerate filter float format frozenset
    hash hex int isinstance issubclass iter len list map max min next oct ord pow range repr
    reversed round set slice sorted str sum tuple zip""".split()
)

EAGER_BUILTINS = frozenset("all any bytes dict frozenset list max min set sorted sum tuple".split())
"""Use up the iterator that is their sole positional argument before they return."""

KEYED_BUILTINS = frozenset("max min sorted".split())
"""Are done with their `key` function when they return."""

SCOPE_BUILTINS = frozenset(
    "breakpoint compile dir eval exec globals help input locals super vars __import__".split()
)
"""Look at the scope that they are called in, or may do anything at all."""

BOOL_BUILTINS = frozenset("all any bool isinstance issubclass".split())

PLAIN_BUILTINS = BOOL_BUILTINS | frozenset(
    "abs ascii bin bytes chr dict float format frozenset hash hex int len list oct ord repr "
    "round set sorted str".split()
)
"""Never give a tuple, for JSON values."""

PURE_METHODS = frozenset(
    """get keys values items copy count index
    capitalize casefold center encode decode endswith expandtabs find format format_map isalnum
    isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle
    isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex
    rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate
    upper zfill bit_length bit_count is_integer as_integer_ratio hex
    union intersection difference symmetric_difference issubset issuperset isdisjoint""".split()
)

PURE_ATTRIBUTES = frozenset("real imag numerator denominator".split())

IMPURE_MODULE_FUNCTIONS = frozenset({("random", "shuffle")})
"""Change what they are given, of the functions that `functions.names.MODULES` lists."""

BOOL_METHODS = frozenset(
    """endswith startswith isalnum isalpha isascii isdecimal isdigit isidentifier islower
    isnumeric isprintable isspace istitle isupper is_integer issubset issuperset
    isdisjoint""".split()
)

MUTATORS = frozenset(
    """append extend insert remove pop popitem clear update setdefault sort reverse add discard
    intersection_update difference_update symmetric_difference_update""".split()
)
