"""User code: inline, registered, custom and builtin functions, resolved to callables."""
