"""The workload is what it says, and contestants that need nothing else agree on its result."""

import sys
import time
from pathlib import Path

import pytest

from bench import by_hand, contestant, workload
from bench.measure import difference, read_records


def test_one_record_in_twenty_goes_to_the_error_state() -> None:
    values = [workload.input_record(i)["value"] for i in range(2000)]

    assert sum(value < 0 for value in values) == 100


def test_the_input_file_holds_the_records(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"

    workload.write_input(path, 45)

    assert read_records(path) == [workload.input_record(i) for i in range(45)]


def test_the_heavy_network_grinds_between_enrich_and_categorize() -> None:
    network = workload.heavy_config()["networks"][0]
    ways = [(arc["from"], arc["to"]) for arc in network["arcs"]]

    assert ("enrich", "grind") in ways
    assert ("grind", "categorize") in ways
    assert ("enrich", "categorize") not in ways
    assert len(workload.plain_config()["networks"][0]["states"]) == len(network["states"]) - 1


@pytest.mark.parametrize("name", ["hand orjson by line", "hand orjson by chunk"])
def test_the_hand_written_loops_write_the_same_records(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.jsonl"
    workload.write_input(source, 2500)
    by_hand.run_json(str(source), str(tmp_path / "expected.jsonl"))

    said = contestant.main(name, str(source), str(tmp_path / "out.jsonl"))

    assert float(said["seconds"]) > 0
    assert difference(tmp_path / "expected.jsonl", tmp_path / "out.jsonl", keeps_order=True) is None


@pytest.mark.parametrize("name", list(contestant.OURS))
def test_statepipe_writes_the_same_records(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.jsonl"
    workload.write_input(source, 2500)
    by_hand.run_json(str(source), str(tmp_path / "expected.jsonl"))

    contestant.main(name, str(source), str(tmp_path / "out.jsonl"))

    assert difference(tmp_path / "expected.jsonl", tmp_path / "out.jsonl", keeps_order=True) is None


def test_what_is_loaded_at_first_use_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def run(source: str, _sink: str) -> None:
        runs.append(len(read_records(Path(source))))
        time.sleep(0.2 if len(runs) == 1 else 0)  # stands for what the first run loads

    monkeypatch.setattr(by_hand, "run_json", run)
    source = tmp_path / "in.jsonl"
    workload.write_input(source, 5)

    said = contestant.main("hand json", str(source), str(tmp_path / "out.jsonl"))

    assert runs == [1, 5]
    assert float(said["first_use_seconds"]) >= 0.1
    assert list(tmp_path.iterdir()) == [source]


def test_every_data_mode_writes_the_same_records(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    workload.write_input(source, 300)
    outputs = {name: tmp_path / f"{name}.jsonl" for name in contestant.IN_MODES}
    for name, output in outputs.items():
        contestant.main(name, str(source), str(output))

    marked = [record.get("marked") for record in read_records(outputs["statepipe changing copy"])]
    assert marked.count(True) == 285
    for name, output in outputs.items():
        copied = outputs[" ".join([*name.split()[:-1], "copy"])]
        assert difference(copied, output, keeps_order=True) is None


def test_a_peer_that_is_not_installed_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.delitem(sys.modules, "bench.by_polars", raising=False)

    said = contestant.main("polars", "", "")

    assert "polars" in str(said["missing"])
