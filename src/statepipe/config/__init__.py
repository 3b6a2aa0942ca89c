"""What the author wrote: config in its many spellings, read into one canonical form."""

from statepipe.config.load import LoadedConfig, load_config

__all__ = ["LoadedConfig", "load_config"]
