"""What the author wrote: config in its many spellings, read into one canonical form."""

from statepipe.config.load import Config, LoadedConfig, load_config
from statepipe.config.schema import json_schema

__all__ = ["Config", "LoadedConfig", "json_schema", "load_config"]
