"""The workload as one SQL statement of DuckDB."""

from __future__ import annotations

import duckdb

QUERY = """
COPY (
    SELECT CASE WHEN value IS NOT NULL AND value >= 0 THEN to_json({{
        id: id, original_value: value, doubled_value: value * 2, squared_value: value * value,
        category: category, status: 'processed',
        value_tier: CASE WHEN value > 5000 THEN 'high' WHEN value > 1000 THEN 'medium'
                    ELSE 'low' END,
        risk_score: least(100, value * value / 100)
    }}) ELSE to_json({{id: id, value: value, category: category, status: status, valid: false}})
    END
    FROM read_json('{source}', format = 'newline_delimited', columns =
        {{id: 'BIGINT', value: 'BIGINT', category: 'VARCHAR', status: 'VARCHAR'}})
) TO '{sink}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\t')
"""


def run(source: str, sink: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(QUERY.format(source=source, sink=sink))
