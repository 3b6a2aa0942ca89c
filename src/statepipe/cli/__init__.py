"""The command `statepipe`."""
