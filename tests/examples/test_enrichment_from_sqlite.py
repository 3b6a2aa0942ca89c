"""The example of enrichment from SQLite prints and writes what it says."""

from __future__ import annotations

from pathlib import Path

from tests.examples.scripts import EXAMPLES, command, printed_by, records_in

OUTPUT = """5 orders: {'known': 2, 'guest': 1}, and 2 that failed:
  line 4, at 'price': field 'sku': nothing is known of 'pot-3' (rule 'lookup')
  line 5, at 'order': field 'count': 0 is less than the minimum of 1 (rule 'minimum')

The files are in OUT:

known.jsonl
{"id":"A1","sku":"tea-7","count":4,"customer":1,"product":"Green tea","price_cents":450,"level":"gold","discount":10,"total_cents":1620}
{"id":"A2","sku":"cup-1","count":1,"customer":2,"product":"Cup","price_cents":1200,"level":"new","discount":0,"total_cents":1200}

guest.jsonl
{"id":"A3","sku":"cup-1","count":2,"product":"Cup","price_cents":1200,"level":null,"discount":null,"total_cents":2400}

The orders that failed are whole in failed.jsonl: statepipe dead failed.jsonl
"""  # noqa: E501 - what is printed has lines of any length
FLOW = EXAMPLES / "enrichment_from_sqlite.yaml"


def test_it_prints_what_became_of_its_orders_each_time_it_is_run(tmp_path: Path) -> None:
    out = tmp_path / "out"

    for _ in range(2):
        assert printed_by("enrichment_from_sqlite.py", out) == OUTPUT.replace("OUT", str(out))
    assert ['"A4"' in each["original"] for each in records_in(out / "failed.jsonl")] == [
        True,
        False,
    ]


def test_the_same_flow_runs_from_a_shell_in_two_workers(tmp_path: Path) -> None:
    out, again = tmp_path / "out", tmp_path / "again.jsonl"
    printed_by("enrichment_from_sqlite.py", out)
    options = ["--trust", "--max-errors=2", "--parallelism=2", f"--sink=known={again}"]
    done = command("run", FLOW, out / "orders.jsonl", *options, SHOP_DB=str(out / "shop.db"))

    assert done.returncode == 0, done.stderr
    assert records_in(again) == records_in(out / "known.jsonl")


def test_without_trust_no_database_is_opened(tmp_path: Path) -> None:
    done = command("check", FLOW, SHOP_DB=str(tmp_path / "shop.db"))

    assert done.returncode == 2
    assert "the provider 'sql' is not allowed in an untrusted config" in done.stderr + done.stdout
    assert not (tmp_path / "shop.db").exists()


def test_the_place_of_the_database_has_to_be_told() -> None:
    done = command("check", FLOW, "--trust")

    assert done.returncode == 2
    assert "SHOP_DB" in done.stderr + done.stdout
