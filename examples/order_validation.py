"""Order validation: orders go through networks for prices and stock, and back, before they count.

Run it with `python examples/order_validation.py [--out DIR]`. It writes a few orders into DIR, by
default a fresh temporary folder, runs `order_validation.yaml` over them, and prints what became
of each. The stock is a service that is busy at every second call: `retry` asks it again.
It needs `pip install 'statepipe[schema]'`.
"""

import argparse
import json
import tempfile
from pathlib import Path

from statepipe import SimpleFSM

FLOW = Path(__file__).with_suffix(".yaml")
PRICES_CENTS = {"tea": 450, "cup": 1200, "table": 60000}

ORDERS = [
    {"id": "A1", "customer": 1, "lines": [{"sku": "tea", "count": 4}]},
    {"id": "A2", "customer": 2, "lines": [{"sku": "cup", "count": 6}, {"sku": "tea", "count": 1}]},
    {"id": "A3", "customer": 1, "lines": [{"sku": "table", "count": 1}]},
    {"id": "A4", "customer": 3, "lines": [{"sku": "cup", "count": 9}]},
    {"id": "A5", "customer": 3, "lines": []},
    {"id": "A6", "customer": 2, "lines": [{"sku": "pot", "count": 1}]},
]


def price_of_lines(state):
    """Add up what the lines cost. A product without a price fails the order."""
    lines = state.data["lines"]
    return {"net_cents": sum(PRICES_CENTS[line["sku"]] * line["count"] for line in lines)}


class Stock:
    """What lies in the store, behind a service that is busy at every second call."""

    def __init__(self):
        self.left = {"tea": 10, "cup": 8, "table": 1}
        self.calls = 0

    def reserve(self, state):
        """Take all lines of an order, or none of them."""
        self.calls += 1
        if self.calls % 2:
            raise ConnectionError("the stock is busy")
        lines = state.data["lines"]
        for line in lines:
            if self.left[line["sku"]] < line["count"]:
                raise ValueError(f"only {self.left[line['sku']]} of {line['sku']} left")
        for line in lines:
            self.left[line["sku"]] -= line["count"]
        return {**state.data, "reserved": True}


def validate(folder: Path) -> None:
    """Run the orders through the flow; each way that one may end has a file."""
    stock = Stock()
    functions = {"price_of_lines": price_of_lines, "reserve": stock.reserve}
    with SimpleFSM(FLOW, custom_functions=functions) as fsm:
        result = fsm.process_stream(
            folder / "orders.jsonl",
            sink={name: folder / f"{name}.jsonl" for name in ("accepted", "review", "backlog")},
            dead_letters=folder / "failed.jsonl",
        )
    print(f"{result.total_records} orders: {result.by_state}, and {result.failed} that failed:")
    for error in result.errors:
        print(f"  line {error.position.line}, at {' > '.join(error.path)}: {error.message}")
    print(f"The stock was asked {stock.calls} times.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Validate orders by networks within networks.")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for all files")
    chosen = parser.parse_args().out
    folder = Path(chosen or tempfile.mkdtemp(prefix="statepipe-orders-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(order) + "\n" for order in ORDERS]
    (folder / "orders.jsonl").write_text("".join(lines), encoding="utf-8")
    validate(folder)
    print(f"\nThe files are in {folder}:")
    for name in ("accepted", "review", "backlog"):
        print(f"\n{name}.jsonl\n{(folder / name).with_suffix('.jsonl').read_text()}", end="")
    print("\nThe orders that failed are whole in failed.jsonl: statepipe dead failed.jsonl")


if __name__ == "__main__":
    main()
