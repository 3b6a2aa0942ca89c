"""The workload as one lazy polars query."""

from __future__ import annotations

import polars as pl


def run(source: str, sink: str) -> None:
    value = pl.col("value")
    valid = value.is_not_null() & (value >= 0)
    tier = pl.when(value > 5000).then(pl.lit("high"))
    tier = tier.when(value > 1000).then(pl.lit("medium")).otherwise(pl.lit("low"))
    processed = pl.struct(
        "id",
        value.alias("original_value"),
        (value * 2).alias("doubled_value"),
        (value**2).alias("squared_value"),
        "category",
        pl.lit("processed").alias("status"),
        tier.alias("value_tier"),
        pl.min_horizontal(pl.lit(100.0), value**2 / 100).alias("risk_score"),
    )
    refused = pl.struct("id", "value", "category", "status", valid.alias("valid"))
    # Two shapes in one file: each record becomes its JSON text, and the texts are the lines.
    line = pl.when(valid).then(processed.struct.json_encode())
    line = line.otherwise(refused.struct.json_encode())
    frame = pl.scan_ndjson(source).select(line.alias("line"))
    frame.sink_csv(sink, include_header=False, quote_style="never")
