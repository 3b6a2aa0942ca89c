"""The library: builtins by name. Its modules are imported when one of their builtins is named."""
