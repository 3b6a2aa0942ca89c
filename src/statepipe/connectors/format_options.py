"""FormatOptions: what a caller may say about the formats of files."""

from __future__ import annotations

from dataclasses import dataclass

from statepipe.connectors.gzip_stream import MAX_RATIO
from statepipe.connectors.lines import MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What formats can be told. `csv_delimiter` `,` means a tab for TSV."""

    text_field_name: str = "text"
    csv_delimiter: str = ","
    csv_has_header: bool = True
    skip_empty_lines: bool = True
    max_record_bytes: int = MAX_RECORD_BYTES
    max_compression_ratio: float = MAX_RATIO
