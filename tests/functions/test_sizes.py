import ast
import time

import pytest

from statepipe.functions.sizes import too_large


def any_too_large(code: str) -> bool:
    return any(map(too_large, ast.walk(ast.parse(code))))


@pytest.mark.parametrize(
    "code",
    [
        "9**9**9",
        "x ** 10**6",
        "1 << 10**6",
        "10**4000 * 10**4000",
        "'x' * (1000 * 1001)",
        "[0] * 10**7",
        "10**7 * (1, 2)",
        "'x' * 10**6 + 'y'",
        "(b'x' * 10**6) * 2",
        "'%(a)-99999s' % {}",
        "f'{x:99999}'",
        "format(x, '>99999')",
        "x.zfill(99999)",
        "random.randbytes(10**8)",
    ],
)
def test_constants_beyond_reason_are_seen_and_not_computed(code: str) -> None:
    start = time.perf_counter()

    assert any_too_large(code)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "code",
    [
        "2 ** 64",
        "x ** 2",
        "1 << 20",
        "10 ** 1000",
        "'=' * 80",
        "[0] * 10 ** 6",
        "'x' * -5",
        "'%s 99999999' % x",
        "f'{x:%Y-%m-%d}'",
        "1 / 0",
        "'x' - 1",
        "1 << -1",
        "2.0 ** 1000 ** 1",
        "'x' * n",
        "math.factorial(20)",
        "x.format(99999)",
    ],
)
def test_constants_of_use_are_left_alone(code: str) -> None:
    assert not any_too_large(code)
