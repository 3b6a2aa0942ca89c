"""A Saved as a JSON document, and back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any

from statepipe.saved import Phase, Point, Saved, SavedCounts, SavedOutput


def document_of(saved: Saved) -> bytes:
    """Return `saved` as JSON."""
    fields = asdict(saved)
    fields["phase"] = saved.phase.value
    for output in fields["outputs"]:
        if output is not None:
            output["pending"] = b64encode(output["pending"]).decode()
    return json.dumps(fields, separators=(",", ":")).encode()


def saved_of(document: bytes) -> Saved:
    """Return what `document_of` wrote down."""
    fields: dict[str, Any] = json.loads(document)  # as above
    counts = fields["counts"]
    counts["groups"] = {int(ordinal): count for ordinal, count in counts["groups"].items()}
    return Saved(
        run_id=fields["run_id"],
        began_s=fields["began_s"],
        phase=Phase(fields["phase"]),
        counts=SavedCounts(**counts),
        point=Point(**fields["point"]) if fields["point"] is not None else None,
        source=fields["source"],
        settings=fields["settings"],
        outputs=tuple(map(output_of, fields["outputs"])),
    )


def output_of(fields: dict[str, Any] | None) -> SavedOutput | None:  # as above
    if fields is None:
        return None
    return SavedOutput(**{**fields, "pending": b64decode(fields["pending"])})
