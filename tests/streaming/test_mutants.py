"""Tests that the crash tests can fail: each fault that is planted in the real code is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from statepipe.api.resumption import Resumption
from statepipe.connectors import durable_file, gzip_stream
from statepipe.connectors.csv_format import CsvEncoder
from statepipe.connectors.durable_file import DurableFileWriter, Output, check_content
from statepipe.connectors.file_writer import AtomicPlace
from statepipe.connectors.gzip_stream import MemberPacker
from statepipe.ports.filesystem import File
from statepipe.run.bookmark import Bookmark
from statepipe.run.chunk import ChunkResult
from statepipe.run.committing import Border, Commit, Committer
from statepipe.saved import Phase, Point, Saved, SavedOutput
from statepipe.testing import SimulatedDisk
from tests.streaming.crashes import Loss, first_failure, kill, power_loss, scenario_of

Patch = pytest.MonkeyPatch


# -- the order of a commit -------------------------------------------------------------------


def commit_before_fsync(patch: Patch) -> None:
    def commit(self: Committer, job: Commit) -> None:
        states = [mark.wait() if mark is not None else None for mark in job.marks]
        self._save(job.border, states, Phase.RUNNING)
        for outlet, state in zip(self._outlets, states, strict=True):
            if state is not None:
                outlet.sync()
        self._durable = states

    patch.setattr(Committer, "_commit", commit)


def one_output_not_synced(patch: Patch) -> None:
    sync = DurableFileWriter.sync

    def sync_others(self: DurableFileWriter) -> None:
        if "negative" not in self._name:
            sync(self)

    patch.setattr(DurableFileWriter, "sync", sync_others)


def dead_letters_not_synced(patch: Patch) -> None:
    sync = DurableFileWriter.sync

    def sync_others(self: DurableFileWriter) -> None:
        if ".dead." not in self._name:
            sync(self)

    patch.setattr(DurableFileWriter, "sync", sync_others)


def acknowledge_before_commit(patch: Patch) -> None:
    save = Committer._save

    def tell_and_save(
        self: Committer, border: Border, outputs: list[SavedOutput | None], phase: Phase
    ) -> None:
        self.committed = replace(border.saved, outputs=tuple(outputs), phase=phase)
        save(self, border, outputs, phase)

    patch.setattr(Committer, "_save", tell_and_save)


# -- names -----------------------------------------------------------------------------------


def no_directory_sync(patch: Patch) -> None:
    patch.setattr(SimulatedDisk, "sync_folder", lambda self, path: None)


def no_directory_sync_for_new_outputs(patch: Patch) -> None:
    class Unsynced(SimulatedDisk):
        def sync_folder(self, path: str) -> None:
            if self.operations[-1].kind != "create":
                super().sync_folder(path)

    patch.setattr("tests.streaming.crashes.SimulatedDisk", Unsynced)


def no_directory_sync_for_final_names(patch: Patch) -> None:
    def put(self: AtomicPlace, file: File) -> None:
        self.files.replace(self.partial, self.target)
        file.close()

    patch.setattr(AtomicPlace, "put_synced", put)


def finished(self: Committer, border: Border, order: str) -> None:
    """Finish in another order: `f` saves FINISHING, `p` places the outputs, `d` saves DONE."""
    self._await_commit()
    self.check()
    whole = [outlet.finish() if outlet.is_open else None for outlet in self._outlets]
    for step in order:
        if step == "p":
            for outlet in self._outlets:
                if outlet.is_open:
                    outlet.place()
        else:
            self._save(border, whole, Phase.FINISHING if step == "f" else Phase.DONE)


def names_given_before_it_is_saved(patch: Patch) -> None:
    patch.setattr(Committer, "finish", lambda self, border: finished(self, border, "pfd"))


def done_before_names_are_given(patch: Patch) -> None:
    patch.setattr(Committer, "finish", lambda self, border: finished(self, border, "fdp"))


# -- what is gone on from --------------------------------------------------------------------


def moved_points(offset: int, line: int) -> Callable[[Patch], None]:
    """Move every point. (An offset within the line before is no fault: reading begins after it.)"""

    def plant(patch: Patch) -> None:
        move = Bookmark.on_result

        def on_result(self: Bookmark, result: ChunkResult) -> None:
            move(self, result)
            if (at := self.point) is not None:
                self.point = replace(at, offset=at.offset + offset, line=at.line + line)

        patch.setattr(Bookmark, "on_result", on_result)

    return plant


def points_of_the_chunk_before(patch: Patch) -> None:
    save = Committer._save
    before: dict[Committer, Point | None] = {}

    def save_late(
        self: Committer, border: Border, outputs: list[SavedOutput | None], phase: Phase
    ) -> None:
        late = before.get(self, border.saved.point)
        before[self] = border.saved.point
        save(self, Border(replace(border.saved, point=late), border.failures), outputs, phase)

    patch.setattr(Committer, "_save", save_late)


def moved_records(by: int) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        def records(self: Resumption) -> int:
            return max(0, self.saved.counts.total + by) if self.saved is not None else 0

        patch.setattr(Resumption, "records", property(records))

    return plant


def no_truncation(patch: Patch) -> None:
    def opened_again(output: Output, saved: SavedOutput, *, detached: bool) -> File:
        file = output.place.files.open_again(output.place.partial)
        check_content(output.name, file, saved)
        file.seek(file.size())
        return file

    patch.setattr(durable_file, "opened_again", opened_again)


def no_counts(patch: Patch) -> None:
    save = Committer._save

    def forget(
        self: Committer, border: Border, outputs: list[SavedOutput | None], phase: Phase
    ) -> None:
        counts = replace(border.saved.counts, by_state={})
        saved: Saved = replace(border.saved, counts=counts)
        save(self, Border(saved, border.failures), outputs, phase)

    patch.setattr(Committer, "_save", forget)


def pending_content_forgotten(patch: Patch) -> None:
    patch.setattr(MemberPacker, "pending", b"")


def encoders_forget(patch: Patch) -> None:
    patch.setattr(CsvEncoder, "restore", lambda self, saved: None)


# -- finding them ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A fault to plant. `said`: what tells that it was found, by a crash of the kind `loss`."""

    plant: Callable[[Patch], None]
    said: str
    facts: dict[str, Any] = field(default_factory=dict)
    loss: Loss = power_loss


LOST = "is not what the checkpoint says"
OTHER = "other files"

MUTANTS = {
    "commit before fsync": Mutant(commit_before_fsync, LOST),
    "one output not synced": Mutant(one_output_not_synced, "negative.jsonl " + LOST),
    "dead letters not synced": Mutant(dead_letters_not_synced, "dead.jsonl " + LOST),
    "acknowledge before commit": Mutant(acknowledge_before_commit, "were told to be safe"),
    "no directory sync": Mutant(no_directory_sync, LOST),
    "no directory sync, new outputs": Mutant(no_directory_sync_for_new_outputs, LOST),
    "no directory sync, final names": Mutant(no_directory_sync_for_final_names, OTHER),
    "names given before it is saved": Mutant(names_given_before_it_is_saved, LOST, loss=kill),
    "done before names are given": Mutant(done_before_names_are_given, OTHER, loss=kill),
    "offset one too far": Mutant(moved_points(1, 0), OTHER),
    "points a chunk late": Mutant(points_of_the_chunk_before, OTHER),
    "line one too far": Mutant(moved_points(0, 1), OTHER),
    "record one too far": Mutant(moved_records(1), OTHER, {"source": ""}),
    "record one too near": Mutant(moved_records(-1), OTHER, {"source": ""}),
    "truncation left out": Mutant(no_truncation, OTHER, loss=kill),
    "counts forgotten": Mutant(no_counts, "other counts", loss=kill),
    "content not packed yet forgotten": Mutant(
        pending_content_forgotten, OTHER, {"into": ".jsonl.gz"}, kill
    ),
    "columns forgotten": Mutant(encoders_forget, OTHER, {"into": ".csv"}, kill),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant = MUTANTS[name]
    monkeypatch.setattr(gzip_stream, "MEMBER_BYTES", 100)
    scenario = scenario_of(tmp_path, **mutant.facts)
    mutant.plant(monkeypatch)
    failure, crashes = first_failure(scenario, range(20), mutant.loss)
    print(f"{name}: found after {crashes} crashes: {failure}")

    assert failure is not None, f"{crashes} crashes did not show it"
    assert mutant.said in str(failure)
