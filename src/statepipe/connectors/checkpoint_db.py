"""CheckpointDb: a checkpoint in one SQLite file, `DIR/state.db`.

A commit is one transaction (WAL, synchronous=FULL). What SQLite does not check, a flipped bit in
a page, is found by a digest over all that is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping

from statepipe.connectors.checkpoint_document import document_of, saved_of
from statepipe.connectors.checkpoint_lock import CheckpointLock, locked, owner_of, taken_over
from statepipe.connectors.filesystem import sync_folder
from statepipe.errors import CheckpointError
from statepipe.saved import Saved

DB_NAME = "state.db"
FORMAT = 1

BUSY_S = 5
"""How long another process's transaction is waited for."""

WHOLE = -1
"""The key of the document that is no row among others."""

SCHEMA = (
    "CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, "
    "document BLOB, digest BLOB) STRICT",
    "CREATE TABLE failures (ordinal INTEGER PRIMARY KEY, document BLOB NOT NULL, "
    "digest BLOB NOT NULL) STRICT",
    "CREATE TABLE deliveries (position INTEGER PRIMARY KEY, document BLOB NOT NULL, "
    "digest BLOB NOT NULL) STRICT",
    "INSERT INTO checkpoint (id, epoch) VALUES (1, 0)",
)


class CheckpointDb:
    """A CheckpointStore. Opening it locks the directory and raises the epoch."""

    def __init__(self, directory: str, *, take_over: bool = False) -> None:
        """Open the checkpoint in `directory`, which is made if it is not there.

        Raises CheckpointError: another process has it, it is damaged, or cannot be written.
        """
        self._directory = directory
        self._connection: sqlite3.Connection | None = None
        self._lock: CheckpointLock | None = None
        self._writing = threading.Lock()
        try:
            with self._errors():
                self._open(take_over=take_over)
        except BaseException as exc:
            self.close()
            if isinstance(exc, OSError):
                raise CheckpointError(
                    f"cannot use the checkpoint directory {directory}: {exc.strerror or exc}"
                ) from exc
            raise

    def load(self) -> Saved | None:
        """Return what was saved last; None if nothing was."""
        with self._errors():
            row = self._db.execute("SELECT document, digest FROM checkpoint").fetchone()
            if row == (None, None):
                return None
            document, digest = row if row is not None else (None, None)
        return saved_of(self._checked(document, digest))

    def failures(self) -> Mapping[int, bytes]:
        """Return the failures that were saved, by their ordinal."""
        return self._rows("SELECT ordinal, document, digest FROM failures")

    def save(self, saved: Saved, failures: Mapping[int, bytes]) -> None:
        """Replace what was saved, in one transaction; refused in another process's epoch."""
        document = document_of(saved)
        rows = [(ordinal, text, digest_of(text, ordinal)) for ordinal, text in failures.items()]
        with self._transaction() as db:
            db.execute(
                "UPDATE checkpoint SET document = ?, digest = ?", (document, digest_of(document))
            )
            db.executemany("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", rows)

    def suspects(self) -> Mapping[int, int]:
        """Return how often records were handed to workers that died of them, by position."""
        rows = self._rows("SELECT position, document, digest FROM deliveries")
        counts = {position: int(document) for position, document in rows.items()}
        return {position: count for position, count in counts.items() if count}

    def note(self, position: int, count: int) -> None:
        """Keep how often a record has been handed to a worker that may die of it; 0 acquits it."""
        document = b"%d" % count
        row = (position, document, digest_of(document, position))
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)", row)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from taking over meanwhile; CheckpointError if one has."""
        with self._transaction():
            yield

    def close(self) -> None:
        """Close the file, and let another process have the directory."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            self._lock.release()

    def _open(self, *, take_over: bool) -> None:
        make_folder(self._directory)
        if not take_over:
            self._lock = locked(self._directory)
        self._connection = self._connected()
        self._epoch = self._raised_epoch(take_over=take_over)
        # Also of a directory that was there: who made it may have been killed right after.
        sync_folder(os.path.dirname(os.path.abspath(self._directory)))
        sync_folder(self._directory)

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection

    def _connected(self) -> sqlite3.Connection:
        path = os.path.join(self._directory, DB_NAME)
        # Transactions are ours to begin. Commits come from a thread of their own.
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _raised_epoch(self, *, take_over: bool) -> int:
        """Begin an epoch. Lock and epoch change owners in one step, for all who look here."""
        self._db.execute("BEGIN IMMEDIATE")
        if take_over:
            self._lock = taken_over(self._directory)
        elif self._lock is None or not self._lock.is_current:
            raise self._lost()
        self._db.execute("UPDATE checkpoint SET epoch = epoch + 1")
        row = self._db.execute("SELECT epoch FROM checkpoint").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("its only row is missing")
        self._db.execute("COMMIT")
        return int(row[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction, unless another process has taken over: it has raised the epoch."""
        with self._errors(), self._writing:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                row = self._db.execute("SELECT epoch FROM checkpoint").fetchone()
                if row is None or row[0] != self._epoch:
                    raise self._lost()
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise (self._busy() if is_busy(exc) else self._unusable(str(exc))) from exc

    def _rows(self, query: str) -> dict[int, bytes]:
        """Return the documents that a query of (key, document, digest) finds, checked, by key."""
        with self._errors():
            rows = self._db.execute(query).fetchall()
        return {key: self._checked(document, digest, key) for key, document, digest in rows}

    def _checked(self, document: object, digest: object, key: object = WHOLE) -> bytes:
        """Return a document that is what was written. What is read may be of any type."""
        match document, key:
            case bytes(), int() if digest_of(document, key) == digest:
                return document
        raise self._unusable("what it holds is not what was written")

    def _lost(self) -> CheckpointError:
        return CheckpointError(
            f"another process has taken over the checkpoint {self._directory}; "
            "this run ends here, and nothing of it is lost"
        )

    def _busy(self) -> CheckpointError:
        owner = owner_of(self._directory)
        process = f"process {owner}" if owner not in (None, os.getpid()) else "another process"
        return CheckpointError(
            f"{process} is within a commit to the checkpoint {self._directory}, and was not done "
            f"with it in {BUSY_S} s. If it is stopped or hangs, let it go on or kill it, and run "
            "again: nothing is lost by either. There it cannot be taken over from"
        )

    def _unusable(self, reason: str) -> CheckpointError:
        path = os.path.join(self._directory, DB_NAME)
        return CheckpointError(
            f"the checkpoint {path} cannot be used: {reason}. Mend that, bring back a copy of the "
            "directory, or start over with another one"
        )


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another connection had the file for longer than `BUSY_S`."""
    match error:
        case sqlite3.OperationalError(sqlite_errorcode=int(code)):
            return code & 0xFF == sqlite3.SQLITE_BUSY
    return False


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables of a new file; raise sqlite3.DatabaseError for one of another kind."""
    if version_of(db) == FORMAT:
        return
    db.execute("BEGIN IMMEDIATE")
    version = version_of(db)  # another process may have been faster
    if version != FORMAT:
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version or tables:
            raise sqlite3.DatabaseError(f"it is of format {version}, and this is format {FORMAT}")
        for statement in (*SCHEMA, f"PRAGMA user_version = {FORMAT}"):
            db.execute(statement)
    db.execute("COMMIT")


def version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def digest_of(document: bytes, key: int = WHOLE) -> bytes:
    """Return what a document is checked by; with its key, so that rows cannot be exchanged."""
    return hashlib.sha256(b"%d:" % key + document).digest()


def make_folder(directory: str) -> None:
    """Make a folder unless it is there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory)
