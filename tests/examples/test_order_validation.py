"""The example of order validation prints and writes what it says."""

from __future__ import annotations

from pathlib import Path

from examples.order_validation import FLOW, ORDERS, Stock, price_of_lines
from statepipe import SimpleFSM
from tests.examples.scripts import printed_by, records_in

OUTPUT = """6 orders: {'review': 1, 'accepted': 2, 'backlog': 1}, and 2 that failed:
  line 5, at received: field 'lines': [] has less than 1 item (rule 'minItems')
  line 6, at received > pricing:sum: KeyError: 'pot' (order_validation.py:32, in <genexpr>)
The stock was asked 6 times.

The files are in OUT:

accepted.jsonl
{"id":"A1","customer":1,"lines":[{"sku":"tea","count":4}],"total_cents":2290,"reserved":true}
{"id":"A2","customer":2,"lines":[{"sku":"cup","count":6},{"sku":"tea","count":1}],"total_cents":7650,"reserved":true}

review.jsonl
{"id":"A3","customer":1,"lines":[{"sku":"table","count":1}],"total_cents":60000}

backlog.jsonl
{"id":"A4","customer":3,"lines":[{"sku":"cup","count":9}],"total_cents":10800,"why":"ValueError: only 2 of cup left (order_validation.py:50, in reserve)"}

The orders that failed are whole in failed.jsonl: statepipe dead failed.jsonl
"""  # noqa: E501 - what is printed has lines of any length


def test_it_prints_what_became_of_its_orders_each_time_it_is_run(tmp_path: Path) -> None:
    out = tmp_path / "out"

    for _ in range(2):
        assert printed_by("order_validation.py", out) == OUTPUT.replace("OUT", str(out))
    assert ["A5" in each["original"] for each in records_in(out / "failed.jsonl")] == [True, False]


def test_an_order_goes_through_both_networks_and_back() -> None:
    functions = {"price_of_lines": price_of_lines, "reserve": Stock().reserve}
    result = SimpleFSM(FLOW, custom_functions=functions).process(ORDERS[0])

    assert " ".join(result.path) == (
        "received pricing:sum pricing:small pricing:done priced "
        "reserve stock:ask stock:done accepted"
    )


def test_a_stock_that_stays_busy_sends_the_order_to_the_backlog() -> None:
    def busy(state: object) -> None:
        raise ConnectionError("the stock is busy")

    functions = {"price_of_lines": price_of_lines, "reserve": busy}
    result = SimpleFSM(FLOW, custom_functions=functions).process(ORDERS[0])

    assert result.final_state == "backlog"
    assert result.data["why"].startswith("ConnectionError: the stock is busy")
