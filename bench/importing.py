"""What `import statepipe` costs: `python -m bench.importing` prints JSON."""

from __future__ import annotations

import json
import time

import psutil


def main() -> dict[str, float]:
    begin = time.perf_counter()
    import statepipe  # noqa: F401, PLC0415 - the import is what is measured

    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "rss_mb": psutil.Process().memory_info().rss / 1e6}


if __name__ == "__main__":
    print(json.dumps(main()))
