"""Sampling: a share of the records, chosen so that the same are chosen again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Any

from pydantic import Field

from statepipe.functions.builtin import Bench, Builtin, Example, Made, Params
from statepipe.functions.library.fields import MISSING, FieldNames, paths_of, value_at
from statepipe.functions.library.validators import canonical
from statepipe.functions.view import Context, drawn
from statepipe.record import Record

WHOLE = 1 << 128


class SampleParams(Params):
    rate: Annotated[float, Field(ge=0, le=1)] = Field(description="The share to accept, 0 to 1.")
    by: FieldNames | None = Field(
        default=None,
        description="Choose by the values of these fields: records that are alike in them are "
        "chosen together, in every run. Default: by the record's position in its run.",
    )
    seed: str = Field(default="", description="Another one chooses others.")


def sample(params: SampleParams, _bench: Bench) -> Made:
    share = int(params.rate * WHOLE)
    refusal = (False, f"it is not among the {params.rate:g} that are chosen (rule 'sample')")
    if params.by is None:

        def choose(_record: Record, context: Context) -> Any:
            return drawn(context, f"sample {params.seed}") < share or refusal

        return Made(choose, "data_context", pure=True, asks=True)
    paths = paths_of(params.by, "by")

    def choose_by(record: Record) -> Any:
        values = [value_at(record, path) for path in paths]
        text = canonical([None if value is MISSING else value for value in values])
        data = f"{params.seed}\0{text}".encode(errors="surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=16).digest()) < share or refusal

    return Made(choose_by, pure=True)


SAMPLE = Builtin(
    "sample",
    "validator",
    "Accepts a share of the records.",
    SampleParams,
    sample,
    (Example({"rate": 0.5, "by": "user"}, ({"user": "ada"},)),),
    notes="It remembers nothing: each record is chosen or not by itself, the same at any chunk "
    "size, in any number of workers, and when a run is gone on with.",
)
