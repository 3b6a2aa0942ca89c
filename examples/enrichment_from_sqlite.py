"""Enrichment from SQLite: orders get what a database knows of their product and customer.

Run it with `python examples/enrichment_from_sqlite.py [--out DIR]`. It makes a small database and
some orders in DIR, by default a fresh temporary folder, runs `enrichment_from_sqlite.yaml` over
them, and prints what became of each. It needs `pip install 'statepipe[sql,schema]'`.
"""

import argparse
import json
import os
import sqlite3
import tempfile
from pathlib import Path

from statepipe import SimpleFSM

FLOW = Path(__file__).with_suffix(".yaml")

TABLES = """\
drop table if exists products;
create table products (sku text primary key, name text, price_cents integer);
insert into products values ('tea-7', 'Green tea', 450), ('cup-1', 'Cup', 1200);
drop table if exists customers;
create table customers (id integer primary key, level text, discount_percent integer);
insert into customers values (1, 'gold', 10), (2, 'new', 0);
"""

ORDERS = [
    {"id": "A1", "sku": "tea-7", "count": 4, "customer": 1},
    {"id": "A2", "sku": "cup-1", "count": 1, "customer": 2},
    {"id": "A3", "sku": "cup-1", "count": 2},
    {"id": "A4", "sku": "pot-3", "count": 1, "customer": 1},
    {"id": "A5", "sku": "tea-7", "count": 0, "customer": 1},
]


def make_inputs(folder: Path) -> None:
    connection = sqlite3.connect(folder / "shop.db")
    connection.executescript(TABLES)
    connection.close()
    lines = [json.dumps(order) + "\n" for order in ORDERS]
    (folder / "orders.jsonl").write_text("".join(lines), encoding="utf-8")


def enrich(folder: Path) -> None:
    """Run the orders in `folder` through the flow; known customers and guests have files."""
    os.environ["SHOP_DB"] = str(folder / "shop.db")
    with SimpleFSM(FLOW, trusted=True) as fsm:  # a file opens a database only if it is trusted
        result = fsm.process_stream(
            folder / "orders.jsonl",
            sink={name: folder / f"{name}.jsonl" for name in ("known", "guest")},
            dead_letters=folder / "failed.jsonl",
        )
    print(f"{result.total_records} orders: {result.by_state}, and {result.failed} that failed:")
    for error in result.errors:
        print(f"  line {error.position.line}, at {error.state!r}: {error.message}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Enrich orders from an SQLite database.")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for all files")
    chosen = parser.parse_args().out
    folder = Path(chosen or tempfile.mkdtemp(prefix="statepipe-orders-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    make_inputs(folder)
    enrich(folder)
    print(f"\nThe files are in {folder}:")
    for name in ("known", "guest"):
        print(f"\n{name}.jsonl\n{(folder / name).with_suffix('.jsonl').read_text()}", end="")
    print("\nThe orders that failed are whole in failed.jsonl: statepipe dead failed.jsonl")


if __name__ == "__main__":
    main()
