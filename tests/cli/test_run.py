"""Tests of `statepipe run`, in real processes."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from statepipe.cli.main import main
from tests.cli.shop import BAD, COMMAND, GOOD, environment, records_in, run_command, write_shop


def test_a_run_writes_its_output_and_tells_what_it_did(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("2 records in ")
    assert done.stdout.splitlines()[2:] == [
        "  cheap   1  → out.jsonl",
        "  dear    1  → out.jsonl",
        "  failed  0",
        "  total   2",
    ]
    assert [record["total"] for record in records_in(tmp_path / "out.jsonl")] == [6, 81]


def test_failed_records_are_explained_and_make_exit_code_1(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD, "garbage", *BAD])

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl")

    assert done.returncode == 1
    assert "\n".join(done.stdout.splitlines()[2:]) == (
        "  cheap   1  → out.jsonl\n"
        "  dear    1  → out.jsonl\n"
        "  failed  3  → out.dead.jsonl  (1 malformed)\n"
        "  total   5\n"
        "\n"
        "2 × price: KeyError: 'quantity'\n"
        "    flow.yaml:9:40\n"
        "    9 |         'total': state.data['price'] * state.data['quantity'],\n"
        "      |                                        ^^^^^^^^^^^^^^^^^^^^^^\n"
        "    first:  record 3, line 3, byte 74 of in.jsonl\n"
        '    record: {"id": 3, "price": 5, "qunatity": 1}\n'
        "    help:   the record has no field 'quantity'; did you mean 'qunatity'?\n"
        "    see:    statepipe dead out.dead.jsonl --show 1\n"
        "\n"
        "1 × malformed: invalid JSON at column 1: expecting value\n"
        "    first:  record 4, line 4, byte 111 of in.jsonl\n"
        "    see:    statepipe dead out.dead.jsonl --show 2\n"
        "\n"
        "exit code 1: 3 failed, --max-errors allows 0"
    )
    assert len(records_in(tmp_path / "out.jsonl")) == 2


def by_shell(folder: Path, command: str) -> str:
    """Return what a shell prints for `command`, with `statepipe` on its path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    changed = environment(PATH=path)
    return subprocess.check_output(command, shell=True, cwd=folder, text=True, env=changed)


def test_the_command_that_shows_a_failure_shows_it(tmp_path: Path) -> None:
    write_shop(tmp_path, [*BAD, *BAD, "garbage"])
    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out file.jsonl")

    command = done.stdout.split("see:    ")[2].splitlines()[0]
    shown = by_shell(tmp_path, command)

    assert command == "statepipe dead 'out file.dead.jsonl' --show 3"
    assert shown.endswith("original (whole, 7 bytes):\n    garbage\n")


def test_without_dead_letters_the_record_is_shown_in_the_source(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    done = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--dead-letters", "none"
    )

    assert "  failed  1  not kept; --dead-letters PATH keeps them\n" in done.stdout
    assert "    see:    sed -n 3p in.jsonl\n" in done.stdout
    assert not (tmp_path / "out.dead.jsonl").exists()


@pytest.mark.parametrize(("allowed", "code"), [("2", 1), ("3", 0)])
def test_max_errors_decides_between_0_and_1(tmp_path: Path, allowed: str, code: int) -> None:
    write_shop(tmp_path, [*GOOD, *BAD, *BAD, *BAD])

    done = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--max-errors", allowed
    )

    assert done.returncode == code
    assert ("exit code 1: 3 failed, --max-errors allows 2" in done.stdout) is (code == 1)
    assert len(records_in(tmp_path / "out.jsonl")) == 2


def test_each_end_state_can_have_its_own_sink(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "--sink", "dear=dear.csv", "-o", "rest.jsonl"
    )

    assert "  cheap   1  → rest.jsonl\n  dear    1  → dear.csv\n" in done.stdout
    assert (tmp_path / "dear.csv").read_text() == "id,price,quantity,total\n2,9,9,81\n"
    assert [record["id"] for record in records_in(tmp_path / "rest.jsonl")] == [1]


def test_an_end_state_without_a_sink_is_told(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "--sink", "dear=dear.jsonl")

    assert "  cheap   1  not written\n  dear    1  → dear.jsonl\n" in done.stdout


def test_output_none_only_counts(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "none")

    assert "  cheap   1  not written\n  dear    1  not written\n" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.yaml", "in.jsonl"]


def test_a_sink_of_the_config_comes_before_the_output_and_after_sink(tmp_path: Path) -> None:
    write_shop(tmp_path)
    flow = (tmp_path / "flow.yaml").read_text()
    own = flow.replace("name: dear\n", "name: dear\n    sink: own.jsonl\n")
    (tmp_path / "flow.yaml").write_text(own)

    first = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl")
    second = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--sink", "dear=other.jsonl"
    )

    assert "  dear    1  → own.jsonl\n" in first.stdout
    assert "  dear    1  → other.jsonl\n" in second.stdout


def test_an_output_that_is_in_place_already_is_told(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(
        tmp_path,
        *("run", "flow.yaml", "in.jsonl", "--output-format", "jsonl"),
        *("--sink", "cheap=cheap.jsonl", "--sink", "dear=/dev/full"),
    )

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "error: cannot write /dev/full after 0 bytes: No space left on device",
        "already in place: cheap.jsonl, /dev/full is as it was",
    ]
    assert done.stdout.splitlines()[2:] == [
        "  cheap   1",
        "  dear    1",
        "  failed  0",
        "  total   2",
    ]


# -- standard streams ----------------------------------------------------------------------


def test_records_go_through_standard_streams_and_words_to_standard_error(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])
    text = (tmp_path / "in.jsonl").read_text()

    done = run_command(tmp_path, "run", "flow.yaml", "-", "-o", "-", stdin=text)

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]
    assert "  cheap   1  → standard output\n" in done.stderr
    assert "    first:  record 3, line 3, byte 74 of standard input\n" in done.stderr
    assert done.returncode == 1


def test_standard_streams_take_a_format(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(
        tmp_path,
        *("run", "flow.yaml", "-", "-o", "-", "--output-format", "tsv", "--quiet"),
        *("--input-format", "json"),
        stdin=json.dumps(GOOD),
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "id\tprice\tquantity\ttotal\n1\t2\t3\t6\n2\t9\t9\t81\n"


def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD * 100_000)

    command = " ".join([*COMMAND, "run", "flow.yaml", "in.jsonl", "-o", "-"])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == '{"id":1,"price":2,"quantity":3,"total":6}\n141\n'
    assert done.stderr == ""


def test_a_reader_that_leaves_another_output_behind_is_told(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD * 100_000)

    command = " ".join([*COMMAND, "run", "flow.yaml", "in.jsonl", "--sink cheap=- -o dear.jsonl"])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.endswith("\n141\n")
    assert done.stderr.startswith("error: cannot write standard output after ")
    assert "nothing was put in place, what went to standard output stays there\n" in done.stderr
    assert not (tmp_path / "dear.jsonl").exists()


# -- options -------------------------------------------------------------------------------


def test_csv_options_are_obeyed(tmp_path: Path) -> None:
    write_shop(tmp_path)
    flow = (tmp_path / "flow.yaml").read_text()
    numbers = "int(state.data['column_1']) * int(state.data['column_2'])"
    flow = flow.replace("state.data['price'] * state.data['quantity']", numbers)
    (tmp_path / "flow.yaml").write_text(flow)
    (tmp_path / "in.csv").write_text("2\t3\n\n9\t9\n")

    done = run_command(
        tmp_path,
        *("run", "flow.yaml", "in.csv", "-o", "out.jsonl", "--no-csv-header"),
        *("--csv-delimiter", r"\t"),
    )

    assert done.returncode == 0, done.stdout
    assert [record["total"] for record in records_in(tmp_path / "out.jsonl")] == [6, 81]


def test_text_options_are_obeyed(tmp_path: Path) -> None:
    write_shop(tmp_path)
    flow = "name: Lines\nstates: [{name: all, is_start: true, is_end: true}]\narcs: []\n"
    (tmp_path / "lines.yaml").write_text(flow)
    (tmp_path / "in.txt").write_text("one\n\ntwo\n")

    run_command(
        tmp_path,
        *("run", "lines.yaml", "in.txt", "-o", "out.jsonl"),
        *("--text-field", "line", "--keep-empty-lines"),
    )

    assert records_in(tmp_path / "out.jsonl") == [{"line": "one"}, {"line": ""}, {"line": "two"}]


def test_workers_and_chunks_give_the_same_output(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD] * 3000)

    for name, more in (("one", ()), ("two", ("--parallelism", "2", "--chunk-size", "7"))):
        done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", f"{name}.jsonl", *more)
        assert "  failed  3,000" in done.stdout

    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert (tmp_path / "one.dead.jsonl").exists()


def test_a_record_that_ends_workers_is_given_up_after_so_many(tmp_path: Path) -> None:
    flow = (
        "name: Deadly\nstates:\n  - name: all\n    is_start: true\n    is_end: true\n"
        "    transform: |\n      import os\n      if data['id'] == 2:\n          os._exit(7)\n"
        "      return data\narcs: []\n"
    )
    (tmp_path / "deadly.yaml").write_text(flow)
    (tmp_path / "in.jsonl").write_text("".join(f'{{"id":{n}}}\n' for n in range(5)))
    run = ("run", "deadly.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", "--parallelism", "2")

    done = run_command(tmp_path, *run, "--max-deliveries", "2")
    told = run_command(tmp_path, *run, "--max-deliveries", "1", "--json")

    assert "all: the worker process ended with exit code 7, in each of 2 deliveries" in done.stdout
    assert "3 workers died and were replaced" in done.stdout.splitlines()
    assert (done.returncode, json.loads(told.stdout)["workers_replaced"]) == (1, 2)
    assert [r["id"] for r in records_in(tmp_path / "out.jsonl")] == [0, 1, 3, 4]


def test_the_chunk_size_is_the_records_in_a_chunk(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD * 100)

    chunks = [
        json.loads(
            run_command(
                tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "none", "--json", *more
            ).stdout
        )["chunks"]
        for more in ((), ("--chunk-size", "7"))
    ]

    assert chunks == [2, 29]


def test_a_memory_limit_below_what_the_command_takes_is_refused(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD)
    done = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "none", "--memory-limit", "1"
    )

    assert done.returncode == 2
    assert re.search(r"--memory-limit: 1 MB is less than the \d+ MB that the command", done.stderr)


def test_a_gzip_bomb_is_an_error_of_the_operator(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD)
    with gzip.open(tmp_path / "in.jsonl.gz", "wb") as file:
        file.write(b"\0" * 70_000_000)
    run = ("run", "flow.yaml", "in.jsonl.gz", "-o", "none")
    done = run_command(tmp_path, *run)
    trusted = run_command(tmp_path, *run, "--max-compression-ratio", "2000")

    assert done.returncode == 3
    assert "over --max-compression-ratio (500)" in done.stderr
    assert trusted.returncode == 1  # one line that is no JSON


def test_a_memory_limit_refuses_a_record_that_takes_too_much_of_it(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD)
    text = '{"id": 1, "price": 2, "quantity": 3}\n{"name": "' + "x" * 9_000_000 + '"}\n'
    run = ("run", "flow.yaml", "-", "-o", "none", "--json")
    limited = json.loads(run_command(tmp_path, *run, "--memory-limit", "128", stdin=text).stdout)
    whole = json.loads(run_command(tmp_path, *run, stdin=text).stdout)

    assert (limited["malformed"], whole["malformed"]) == (1, 0)
    assert limited["peak_memory_mb"] < 128


def test_a_timeout_is_an_error_of_the_operator(tmp_path: Path) -> None:
    write_shop(tmp_path, GOOD * 50_000)

    done = run_command(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--timeout", "0.01"
    )

    assert done.returncode == 3
    assert done.stderr.splitlines()[0] == "error: the stream took longer than 0.01 s"
    assert not (tmp_path / "out.jsonl").exists()


def test_quiet_prints_nothing_when_all_is_well(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_quiet_tells_of_failures_in_one_line(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "-q")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: 1 of 3 records failed; see out.dead.jsonl\n"


def test_trust_lets_a_flow_use_the_module_beside_it(tmp_path: Path) -> None:
    write_shop(tmp_path)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "prices.py").write_text("def price(data):\n    return {'p': 1}\n")
    flow = (
        "name: Own\nstates:\n  - name: all\n    is_start: true\n    is_end: true\n"
        "    transform: {type: custom, module: prices, name: price}\narcs: []\n"
    )
    (tmp_path / "flows" / "own.yaml").write_text(flow)
    arguments = ("run", "flows/own.yaml", "in.jsonl", "-o", "out.jsonl")

    refused = run_command(tmp_path, *arguments)
    done = run_command(tmp_path, *arguments, "--trust")

    assert refused.returncode == 2
    assert "--trust" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert records_in(tmp_path / "out.jsonl") == [{"p": 1}, {"p": 1}]


def test_the_command_that_shows_a_failure_unpacks_what_is_compressed(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress((tmp_path / "in.jsonl").read_bytes()))

    for letters in ("none", "dead.jsonl.gz"):
        done = run_command(
            tmp_path, "run", "flow.yaml", "in.jsonl.gz", "-o", "none", "--dead-letters", letters
        )
        command = done.stdout.split("see:    ")[1].splitlines()[0]
        shown = by_shell(tmp_path, command)

        assert '{"id": 3, "price": 5, "qunatity": 1}\n' in shown


# -- json ----------------------------------------------------------------------------------


def test_json_is_the_result_on_standard_output(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", "--json")
    result = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (1, "")
    assert result["total_records"] == result["successful"] + result["failed"] == 3
    assert result["by_state"] == {"cheap": 1, "dear": 1}
    assert result["outputs"] == {"cheap": "out.jsonl", "dear": "out.jsonl"}
    assert (result["finished"], result["exit_code"]) == (True, 1)
    assert result["dead_letters"] == "out.dead.jsonl"
    assert result["failure_groups"][0]["count"] == 1
    assert result["errors"][0]["message"] == "KeyError: 'quantity'"
    assert result["errors"][0]["position"] == {"record": 2, "line": 3, "offset": 74}


def test_json_leaves_standard_output_to_the_records(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "-", "--json")

    assert len(done.stdout.splitlines()) == 2
    assert json.loads(done.stderr)["total_records"] == 2


def test_json_tells_of_an_error(tmp_path: Path) -> None:
    write_shop(tmp_path)

    done = run_command(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "no/out.jsonl", "--json")
    result = json.loads(done.stdout)

    assert done.returncode == result["exit_code"] == 3
    assert result["error"] == "cannot write no/out.jsonl: there is no folder no"
    assert (result["finished"], result["placed"], result["total_records"]) == (False, [], 0)


# -- mistakes ------------------------------------------------------------------------------

MISTAKES = [
    (
        ["run", "flow.yml", "in.jsonl", "-o", "x.jsonl"],
        2,
        "no flow flow.yml; did you mean 'flow.yaml'?",
    ),
    (
        ["run", "no/flow.yaml", "in.jsonl"],
        2,
        "there is no flow no/flow.yaml: there is no folder no either",
    ),
    (["run", "zzz.toml", "in.jsonl", "-o", "x.jsonl"], 2, "there is no flow zzz.toml"),
    (
        ["run", ".", "in.jsonl", "-o", "x.jsonl"],
        2,
        ". is a folder; a flow is a .yaml, .yml or .json file",
    ),
    (["run", "in.jsonl", "flow.yaml"], 2, "the flow comes first: statepipe run flow.yaml in.jsonl"),
    (
        ["run", "flow.yaml", "in.jsn", "-o", "x.jsonl"],
        2,
        "in.jsn has suffix '.jsn'; known are .jsonl",
    ),
    (
        ["run", "flow.yaml", "im.jsonl", "-o", "x.jsonl"],
        3,
        "there is no file im.jsonl; did you mean in.jsonl?",
    ),
    (
        ["run", "flow.yaml", "in.jsonl"],
        2,
        "there is nowhere to write: give -o PATH, -o - for standard output, "
        "--sink STATE=PATH, or -o none to only count",
    ),
    (
        ["run", "flow.yaml"],
        2,
        "missing argument 'SOURCE'; usage: statepipe run [OPTIONS] FLOW SOURCE",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "in.jsonl"],
        2,
        "the sink is the source itself: in.jsonl",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "x.jsonl", "--dead-letters", "x.jsonl"],
        2,
        "the dead letters and a sink are the same file: x.jsonl",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--dead-letters", "-"],
        2,
        "--dead-letters needs a path, or none: standard output is for records",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "x.jsnl"],
        2,
        "x.jsnl has suffix '.jsnl'; known are .jsonl",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "no/x.jsonl"],
        3,
        "cannot write no/x.jsonl: there is no folder no",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "--sink", "chep=x.jsonl"],
        2,
        "--sink: there is no end state 'chep'; did you mean 'cheap'?",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "--sink", "zzz=x.jsonl"],
        2,
        "--sink: there is no end state 'zzz'; the end states are cheap, dear",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "--sink", "cheap"],
        2,
        "--sink needs STATE=PATH, not 'cheap'",
    ),
    (["run", "flow.yaml", "in.jsonl", "--sink", "cheap="], 2, "--sink cheap=: the path is missing"),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--chunk-sise", "5"],
        2,
        "there is no option --chunk-sise; did you mean --chunk-size?",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--chunk-size", "0"],
        2,
        "--chunk-size: '0' is not a whole number of at least 1",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--parallelism", "two"],
        2,
        "--parallelism: 'two' is not a whole number of at least 1",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--max-deliveries", "0"],
        2,
        "--max-deliveries: '0' is not a whole number of at least 1",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--max-errors", "-1"],
        2,
        "--max-errors: '-1' is not a whole number of at least 0",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--timeout", "nan"],
        2,
        "--timeout: 'nan' is not a number of at least 0",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--memory-limit", "0"],
        2,
        "--memory-limit: '0' is not a number of at least 1",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--input-format", "jsnol"],
        2,
        "--input-format: there is no 'jsnol'; did you mean 'jsonl'?",
    ),
    (
        ["run", "flow.yaml", "in.jsonl", "-o", "-", "--output-format", "xml"],
        2,
        "--output-format: there is no 'xml'; it may be auto, jsonl, json, csv, tsv, text",
    ),
    (["run", "flow.yaml", "in.jsonl", "-o"], 2, "option '-o' requires an argument"),
    (
        ["run", "flow.yaml", "in.jsonl", "more", "-o", "-"],
        2,
        "got unexpected extra argument (more)",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), MISTAKES, ids=str)
def test_a_mistake_is_answered_in_one_line(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())

    got = main(arguments)
    printed = capfd.readouterr()

    assert (got, printed.out) == (code, "")
    assert printed.err.startswith("error: ") and message in printed.err
    assert len(printed.err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_flow_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    flow = {"name": "A", "states": [{"name": "a", "is_start": True, "is_end": True}]}
    (tmp_path / "flow.json").write_text(json.dumps(flow))

    code = main(["run", "flow.json", "in.jsonl", "-o", "./flow.json"])

    assert code == 2
    assert capfd.readouterr().err == "error: the flow would be overwritten: ./flow.json\n"
