"""Stream option: what the commands that move records can be told, each in one place."""

from __future__ import annotations

import click

from statepipe.cli.values import number, one_of, whole
from statepipe.connectors.formats import FORMATS

FORMAT_NAMES = ("auto", *FORMATS)

sinks = click.option(
    "--sink", "sinks", multiple=True, metavar="STATE=PATH", help="Where one end state's go."
)
output_format = click.option(
    "--output-format",
    callback=one_of(FORMAT_NAMES),
    default="auto",
    metavar="NAME",
    help=f"{', '.join(FORMATS)}. [by suffix]",
)
csv_delimiter = click.option(
    "--csv-delimiter", default=",", metavar="CHAR", help="What parts CSV fields. [,]"
)
csv_header = click.option(
    "--csv-header/--no-csv-header", default=True, help="Whether CSV names its columns."
)
text_field = click.option(
    "--text-field", default="text", metavar="NAME", help="Holds a line of text. [text]"
)
chunk_size = click.option(
    "--chunk-size", callback=whole(1), default="100", metavar="N", help="Records at a time. [100]"
)
parallelism = click.option(
    "--parallelism", callback=whole(1), default="1", metavar="N", help="Worker processes. [1]"
)
timeout = click.option(
    "--timeout", callback=number(0), metavar="SECONDS", help="Give up after this long."
)
result_as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON object."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print only what went wrong.")
