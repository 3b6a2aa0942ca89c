"""The protocols between the runtime and the outside, from files and formats to time and chance.

`run` and `connectors` never import each other: they meet here. Byte sources go through three
steps: a `ByteReader` cuts bytes into *items* (the bytes of one record each), a `Decoder` turns
items into records, and on the way out an `Encoder` turns records into bytes for a `ByteWriter`.
"""

from statepipe.ports.objects import Sink, Source

__all__ = ["Sink", "Source"]
