"""Attached files: what a config names to be read with it, as a table."""

from __future__ import annotations

import os
from pathlib import Path

from statepipe.config.files import lies_in


class AttachedError(Exception):
    """An attached file cannot be had: what is wrong, and what to do."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def attached_text(name: str, folder: str, *, bounded: bool) -> str:
    """Return the text of a file whose path counts from `folder`. Raises AttachedError.

    `bounded`: it must lie in that folder, links resolved.
    """
    path = os.path.join(folder, name)
    try:
        if bounded and not lies_in(os.path.realpath(path), os.path.realpath(folder)):
            raise AttachedError(
                "a file of an untrusted config must lie in the config's folder",
                "move it there, or pass trusted=True or --trust if you wrote this config",
            )
        if os.path.exists(path) and not os.path.isfile(path):
            raise AttachedError(f"{name!r} is no regular file")
        return Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        where = os.path.abspath(folder)
        raise AttachedError(
            f"there is no file {name!r}", f"the path counts from {where}"
        ) from error
    except UnicodeDecodeError as error:
        message = f"the file {name!r} is not UTF-8 at byte {error.start}"
        raise AttachedError(message, "save it as UTF-8") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise AttachedError(f"the file {name!r} cannot be read: {reason}") from error
