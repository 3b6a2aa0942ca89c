"""A machine of networks within networks, in which records are tried again, caught, or lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

CALLS: Counter[int] = Counter()
"""How often the inmost network has been called for a value, in this process."""


def busy(state: Any) -> Any:
    """Divide, at every third call for one value; whoever begins anew has come to its end before."""
    value = state["n"]
    CALLS[value] += 1
    if CALLS[value] % 3:
        raise ConnectionError(f"call {CALLS[value] % 3}")
    return {**state.data, "share": 9 / value}


def pushing() -> dict[str, Any]:
    """Return a machine that divides by `value`, which may be text, two networks further in.

    What is busy is tried again there and, as that is not enough, outside. Multiples of 13 are
    caught outside; zero and multiples of 89 fail in the network, and multiples of 5 go around it.
    """
    main = {
        "name": "main",
        "states": {
            "input": {
                "start": True,
                "transform": "lambda s: {**s.data, 'value': int(s['value'])}",
                "retry": {"max_attempts": 2, "errors": ["ConnectionError"], "backoff_s": 0},
                "catch": [{"errors": ["LookupError"], "to": "odd"}],
            },
            "odd": {"transform": "lambda s: {**s.data, 'why': s.error['message'], 'r': -1}"},
            "judged": {},
            "output": {"end": True},
            "negative": {"end": True},
        },
        "arcs": [
            {
                "from": "input",
                "target_network": "shares",
                "return_state": "judged",
                "data_mapping": {"value": "n"},
                "result_mapping": {"share": "r"},
            },
            {"from": "odd", "to": "negative"},
            {"from": "judged", "to": "negative", "condition": "lambda s: s['r'] < 0"},
            {"from": "judged", "to": "output"},
        ],
    }
    shares = {
        "name": "shares",
        "states": {"in": {"start": True, "validator": "data['n'] % 89"}, "out": {"end": True}},
        "arcs": [
            {
                "from": "in",
                "target_network": "divide",
                "return_state": "out",
                "data_isolation": "serialize",
                "condition": "data['n'] % 5",
            },
            {"from": "in", "to": "out", "transform": "{**data, 'share': 9 / data['n']}"},
        ],
    }
    odd = "if data['n'] % 13 == 0:\n    raise KeyError('thirteen')\nreturn data"
    divide = {
        "name": "divide",
        "states": {
            "s": {
                "start": True,
                "retry": {"max_attempts": 2, "errors": ["ConnectionError"], "backoff_s": 0},
                "transform": [odd, busy],
            },
            "e": {"end": True},
        },
        "arcs": [{"from": "s", "to": "e"}],
    }
    return {"name": "Pushing", "main_network": "main", "networks": [main, shares, divide]}
