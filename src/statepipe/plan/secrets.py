"""Errors of user code without the secrets of its resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class HiddenError(Exception):
    """In place of an error whose text holds a secret and cannot be changed."""


def without_secrets(error: Exception, hide: Callable[[str], str]) -> Exception:
    """Strike secrets out of an error and of those that it came from; return it.

    Where that cannot be done, a `HiddenError` is returned in its place.
    """
    for each in chain(error):
        text = "\n".join([text_of(each), *notes_of(each)])
        if hide(text) != text:
            each.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in each.args)
            each.__notes__ = [hide(note) for note in notes_of(each)]
    if any(hide(text_of(each)) != text_of(each) for each in chain(error)):
        hidden = HiddenError(f"{type(error).__name__}: {hide(text_of(error))}")
        return hidden.with_traceback(error.__traceback__)
    return error


def notes_of(error: BaseException) -> list[str]:
    return [note for note in vars(error).get("__notes__", ()) if isinstance(note, str)]


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was raised from, or while handling."""
    todo, seen = [error], set[int]()
    while todo:
        each = todo.pop()
        if id(each) not in seen:
            seen.add(id(each))
            todo += [other for other in (each.__cause__, each.__context__) if other is not None]
            yield each


def text_of(error: BaseException) -> str:
    """Return `str(error)`, which is code of the author's and may fail as well."""
    try:
        return str(error)
    except Exception as failure:
        return f"(its message cannot be had: {type(failure).__name__})"
