"""Paths and format names to byte sources and sinks."""

from __future__ import annotations

import difflib
import os
import stat

from statepipe.connectors.csv_format import CsvInput, CsvOutput
from statepipe.connectors.file_format import InputFormat, OutputFormat
from statepipe.connectors.files import FileSink, FileSource
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.json_array import JsonArrayInput, JsonArrayOutput
from statepipe.connectors.jsonl import JsonLinesInput, JsonLinesOutput
from statepipe.connectors.text import TextInput, TextOutput
from statepipe.errors import SourceError, UsageError
from statepipe.ports.byte_sink import ByteSink
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.filesystem import FileSystem

FORMAT_OF_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".log": "text",
}
"""The format that `auto` takes for a file name, after `.gz` has been taken off."""

FORMATS = tuple(dict.fromkeys(FORMAT_OF_SUFFIX.values()))
"""The names of all formats."""

_GZIP_SUFFIX = ".gz"


def unused_options(options: FormatOptions, formats: set[str]) -> list[str]:
    """Return the names of options that were given, and that none of `formats` heeds."""
    plain, rows = FormatOptions(), formats & {"csv", "tsv"}
    given = {
        "text_field_name": options.text_field_name != plain.text_field_name,
        "csv_delimiter": options.csv_delimiter != plain.csv_delimiter,
        "csv_has_header": options.csv_has_header != plain.csv_has_header,
    }
    heeded = {"text_field_name": "text" in formats, "csv_delimiter": rows, "csv_has_header": rows}
    return [name for name, is_given in given.items() if is_given and not heeded[name]]


def file_source(
    path: str,
    *,
    files: FileSystem,
    format: str = "auto",  # noqa: A002 - the word that users write
    options: FormatOptions | None = None,
) -> ByteSource:
    """Return the source for the file at `path`; raises UsageError or SourceError.

    A regular file that is not compressed can be read in ranges if its format can.
    """
    options = options or FormatOptions()
    reading = input_format(format_name(path, format), options)
    status = _status(path)
    compressed = path.endswith(_GZIP_SUFFIX)
    regular = stat.S_ISREG(status.st_mode)
    splittable = regular and not compressed and reading.splittable
    size = status.st_size if regular else None
    ratio, block = options.max_compression_ratio, options.block_bytes
    live = not regular
    source = FileSource(path, reading, files, compressed, size, splittable, live, ratio, block)
    if isinstance(reading, CsvInput) and regular:
        source.open().close()  # its decoder may be sent to workers, and must know the columns
    return source


def file_sink(
    path: str,
    *,
    files: FileSystem,
    format: str = "auto",  # noqa: A002 - the word that users write
    options: FormatOptions | None = None,
) -> ByteSink:
    """Return the sink for the file at `path`, which need not exist; raises UsageError."""
    writing = output_format(format_name(path, format), options or FormatOptions())
    return FileSink(path, writing, files, path.endswith(_GZIP_SUFFIX))


def format_name(path: str, format: str = "auto") -> str:  # noqa: A002 - the word that users write
    """Return the name of the format for `path`: `format`, or for `auto` what its suffix says."""
    if format != "auto":
        if format not in FORMATS:
            raise UsageError(f"unknown format {format!r}; known are auto, {', '.join(FORMATS)}")
        return format
    if not path:
        raise UsageError("the path of a file is empty")
    suffix = os.path.splitext(path.removesuffix(_GZIP_SUFFIX))[1]
    if suffix.lower() not in FORMAT_OF_SUFFIX:
        if os.path.isdir(path):
            raise UsageError(f"{path} is a folder; name a file")
        said = f"suffix {suffix!r}" if suffix else "no suffix"
        known = ", ".join(FORMAT_OF_SUFFIX)
        raise UsageError(
            f"{path} has {said}; known are {known}, each also with {_GZIP_SUFFIX}. "
            f"Rename it, or give a format: {', '.join(FORMATS)}"
        )
    return FORMAT_OF_SUFFIX[suffix.lower()]


def input_format(name: str, options: FormatOptions) -> InputFormat:
    """Return how to read the format called `name`, one of FORMATS."""
    skip, limit = options.skip_empty_lines, options.max_record_bytes
    if name == "text":
        return TextInput(options.text_field_name, skip, limit)
    if name == "json":
        return JsonArrayInput(limit)
    if name in ("csv", "tsv"):
        return CsvInput(_delimiter(name, options), options.csv_has_header, skip, limit)
    return JsonLinesInput(skip, limit)


def output_format(name: str, options: FormatOptions) -> OutputFormat:
    """Return how to write the format called `name`, one of FORMATS."""
    if name == "text":
        return TextOutput(options.text_field_name)
    if name == "json":
        return JsonArrayOutput()
    if name in ("csv", "tsv"):
        return CsvOutput(_delimiter(name, options), options.csv_has_header)
    return JsonLinesOutput()


def _delimiter(name: str, options: FormatOptions) -> str:
    return "\t" if name == "tsv" and options.csv_delimiter == "," else options.csv_delimiter


def same_file(source_path: str, sink_path: str) -> bool:
    """Return whether both paths name one file, through links and other spellings too."""
    try:
        return os.path.samefile(source_path, sink_path)
    except OSError:
        return os.path.realpath(source_path) == os.path.realpath(sink_path)


def _status(path: str) -> os.stat_result:
    try:
        status = os.stat(path)
    except FileNotFoundError as exc:
        raise SourceError(f"there is no file {path}{_nearest_name(path)}") from exc
    except OSError as exc:
        raise SourceError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"cannot read {path}: it is a folder")
    if not os.access(path, os.R_OK):
        raise SourceError(f"cannot read {path}: permission denied")
    return status


def _nearest_name(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return f"; there is no folder {folder} either"
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {os.path.join(folder, nearest[0])}?" if nearest else ""
