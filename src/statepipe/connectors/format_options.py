"""FormatOptions: what a caller may say about the formats of files."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Default for the most bytes that one record may have."""

MAX_RATIO = 500.0
"""Default for how many times its compressed bytes a content may have.

Deflate cannot pass 1032; real data stays well below 100.
"""

BLOCK_SIZE = 256 * 1024
"""Default for the bytes asked for at once: large enough that a read costs nothing per record."""


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What formats can be told. `csv_delimiter` `,` means a tab for TSV.

    `block_bytes`: how much of a source is read at once.
    """

    text_field_name: str = "text"
    csv_delimiter: str = ","
    csv_has_header: bool = True
    skip_empty_lines: bool = True
    max_record_bytes: int = MAX_RECORD_BYTES
    max_compression_ratio: float = MAX_RATIO
    block_bytes: int = BLOCK_SIZE
