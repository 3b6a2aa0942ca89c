"""Ratios and targets from measured numbers."""

from typing import Any

import pytest

from bench import report


def at(speed: int) -> dict[str, int]:
    return {"records_per_s_best": speed}


THROUGHPUT = {
    "hand json": at(50),
    "hand orjson by line": at(80),
    "hand orjson by chunk": at(100),
    "polars": {"missing": "No module named 'polars'"},
    "duckdb": at(400),
    "bytewax": at(60),
    "statepipe chunk 1000": at(90),
    "statepipe chunk 10": at(50),
    "statepipe checkpoint": at(88),
    "statepipe two workers": at(153),
    "statepipe heavy": at(10),
    "statepipe heavy two workers": at(19),
    "statepipe plain copy": at(90),
    "statepipe plain reference": at(90),
    "statepipe plain direct": at(75),
    "statepipe changing copy": at(40),
    "statepipe changing reference": at(50),
    "statepipe changing direct": at(32),
}


def found(**changed: Any) -> dict[str, Any]:
    return {
        "ratios": report.ratios(THROUGHPUT),
        "memory": {"small": {"peak_mb": 60.0}, "large": {"peak_mb": 65.0}},
        "import": {"seconds_best": 0.1, "rss_mb": 40.0},
        "latency": {"chunk_size=1": {"p99_ms": 3.0}, "max_wait_ms=5": {"p99_ms": 8.0}},
        **changed,
    }


def test_the_bar_is_the_faster_hand_written_loop() -> None:
    ratios = report.ratios(THROUGHPUT)

    assert ratios["one core, chunk 1000 / hand orjson"] == 0.9
    assert ratios["one core, chunk 10 / hand orjson"] == 0.5
    assert ratios["two workers / one"] == 1.7
    assert ratios["two workers / one, CPU-heavy"] == 1.9


def test_copy_is_compared_with_the_other_modes_with_and_without_copies() -> None:
    ratios = report.ratios(THROUGHPUT)

    assert {name: ratios[name] for name in ratios if name.startswith("COPY")} == {
        "COPY / REFERENCE, nothing to copy": 1.0,
        "COPY / DIRECT, nothing to copy": 1.2,
        "COPY / REFERENCE, two copies of a record": 0.8,
        "COPY / DIRECT, two copies of a record": 1.25,
    }


def test_a_missing_peer_has_no_ratio_but_its_line() -> None:
    assert report.ratios(THROUGHPUT)["one core, chunk 1000 / polars"] is None


def test_targets_say_which_are_met() -> None:
    met = {target["name"]: target["met"] for target in report.targets(found())}

    assert met.pop("one core, chunk 10 / hand orjson") is False
    assert set(met.values()) == {True}
    assert len(met) == 10


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (
            {"memory": {"small": {"peak_mb": 60.0}, "large": {"peak_mb": 71.0}}},
            "peak memory, ten times the records, MB more",
        ),
        (
            {"memory": {"small": {"peak_mb": 101.0}, "large": {"peak_mb": 101.0}}},
            "peak memory at one core, MB",
        ),
        ({"import": {"seconds_best": 0.26, "rss_mb": 40.0}}, "import statepipe, s"),
        ({"import": {"seconds_best": 0.1, "rss_mb": 45.5}}, "import statepipe, MB"),
    ],
)
def test_a_target_just_missed_is_missed(changed: dict[str, Any], name: str) -> None:
    met = {target["name"]: target["met"] for target in report.targets(found(**changed))}

    assert met[name] is False
