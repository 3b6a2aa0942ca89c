import os

import pytest

from statepipe.config.files import file_tree
from statepipe.config.includes import Includes
from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import find, plain

FOLDER = {
    "parts/states.yaml": "- name: b\n- name: c\n",
    "parts/one.json": '{"name": "one", "is_end": true}',
    "parts/lib.yaml": "states:\n  common: {name: z}\nlist: [{deep: 7}]\n",
    "parts/nested.yaml": "inner: {$include: one.json}\n",
    "loop_a.yaml": "x: {$include: loop_b.yaml}\n",
    "loop_b.yaml": "y: {$include: loop_a.yaml}\n",
    "broken.yaml": "a: [1\n",
    "words.txt": "words",
}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a main file in a folder of parts: its values and problems."""
    for name, text in FOLDER.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.yaml").write_text("secret: 1")

    def read_main(text: str, **env: str):
        main = tmp_path / "config" / "main.yaml"
        main.write_text(text)
        problems = Problems()
        tree = file_tree(str(main), "", problems)
        tree = Includes(str(main), env, problems).resolve(tree)
        found = [str(p).replace(f"{tmp_path}/config/", "") for p in problems.found]
        return tree, plain(tree), found

    return read_main


def test_an_include_is_replaced_by_the_file(read):
    _, value, problems = read("a: {$include: parts/one.json}")

    assert value == {"a": {"name": "one", "is_end": True}}
    assert problems == []


def test_an_included_list_puts_its_items_into_the_list_around_it(read):
    assert read("a: [{name: a}, {$include: parts/states.yaml}, {name: d}]")[1] == {
        "a": [{"name": name} for name in "abcd"]
    }


def test_an_included_list_may_be_a_whole_value(read):
    assert read("a: {$include: parts/states.yaml}")[1] == {"a": [{"name": "b"}, {"name": "c"}]}


def test_keys_beside_an_include_go_first(read):
    assert read("a: {$include: parts/one.json, is_end: false}")[1] == {
        "a": {"name": "one", "is_end": False}
    }


def test_an_include_at_the_top_is_a_base_to_build_on(read):
    assert read("$include: parts/one.json\nname: mine\n")[1] == {"is_end": True, "name": "mine"}


def test_an_included_node_keeps_its_own_file_and_the_keys_of_where_it_is_put(read):
    place = find(read("a:\n  b: {$include: parts/one.json}")[0], ("a", "b", "is_end")).at.place

    assert (place.file or "").endswith("parts/one.json")
    assert (place.keys, place.line, place.column) == ("a.b.is_end", 1, 27)


def test_paths_count_from_the_file_that_includes(read):
    assert read("a: {$include: parts/nested.yaml}")[1]["a"]["inner"]["name"] == "one"


@pytest.mark.parametrize(
    ("path", "value"),
    [("states.common", {"name": "z"}), ("list[0].deep", 7), ("list", [{"deep": 7}])],
)
def test_an_import_takes_a_part_of_a_file(read, path, value):
    text = f"a: {{$import: {{file: parts/lib.yaml, path: '{path}'}}}}"

    assert read(text)[1:] == ({"a": value}, [])


def test_variables_may_stand_in_the_path(read):
    assert read("a: {$include: '${DIR}/one.json'}", DIR="parts")[1]["a"]["name"] == "one"


def test_a_cycle_is_refused_by_its_names(read):
    _, _, problems = read("a: {$include: loop_a.yaml}")

    assert len(problems) == 1
    assert (
        "loop_b.yaml:1:15: include cycle: loop_a.yaml -> loop_b.yaml -> loop_a.yaml" in problems[0]
    )


def test_a_file_that_includes_itself_is_a_cycle(read):
    assert "include cycle: main.yaml -> main.yaml" in read("a: {$include: main.yaml}")[2][0]


def test_a_path_that_no_file_can_have_is_refused(read):
    _, _, problems = read(r'a: {$include: "o\0.yaml"}')

    assert "main.yaml:1:15: an include needs the path of a file: " in problems[0]
    assert "embedded null" in problems[0]


@pytest.mark.parametrize("path", ["../outside.yaml", "parts/../../outside.yaml", "/etc/hosts"])
def test_a_file_outside_the_folder_is_refused(read, path):
    _, value, problems = read(f"a: {{$include: {path}}}")

    assert "main.yaml:1:15: an include must stay in the folder of the config" in problems[0]
    assert value == {"a": None}


def test_a_link_that_leads_outside_is_refused(read, tmp_path):
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "link.yaml").symlink_to(tmp_path / "outside.yaml")

    assert "must stay in the folder" in read("a: {$include: link.yaml}")[2][0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {$include: gone.yaml}", "main.yaml:1:15: gone.yaml: no such config file"),
        ("a: {$include: words.txt}", "main.yaml:1:15: words.txt: unknown suffix '.txt'"),
        ("a: {$include: broken.yaml}", "broken.yaml:2:1: YAML: expected ',' or ']'"),
        ("a: {$include: 5}", "main.yaml:1:15: an include needs the path of a file"),
        ("a: {$include: ''}", "an include needs the path of a file"),
        ("a: {$import: parts/lib.yaml}", "main.yaml:1:14: '$import' needs a file and a path"),
        ("a: {$import: {file: parts/lib.yaml, path: stats}}", "no 'stats' in parts/lib.yaml"),
        ("a: {$import: {file: parts/lib.yaml, path: '[['}}", "path of an '$import' cannot be read"),
        ("a: {$include: a.yaml, $import: {}}", "'$include' and '$import' in one mapping"),
        ("a: {$include: parts/states.yaml, b: 1}", "other keys stand beside an include"),
    ],
)
def test_an_include_that_cannot_be_done_is_a_problem(read, text, message):
    assert message in read(text)[2][0]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("parts/satets.yaml", "did you mean 'states.yaml'?"),
        ("parts/zzzzzzzz.yaml", "the path counts from the folder of the file that names it"),
        ("nowhere/a.yaml", "the path counts from the folder of the file that names it"),
    ],
)
def test_a_missing_file_gets_advice_that_fits_an_include(read, name, advice):
    assert read(f"a: {{$include: {name}}}")[2][0].endswith(f"\n    help: {advice}")


def test_an_unknown_part_gets_a_suggestion(read):
    text = "a: {$import: {file: parts/lib.yaml, path: stats}}"

    assert "did you mean 'states'?" in read(text)[2][0]


def test_too_many_includes_are_refused(read, tmp_path):
    read("a: 1")
    for level in range(10):
        below = f"{{$include: deep{level + 1}.yaml}}" if level < 9 else "1"
        (tmp_path / "config" / f"deep{level}.yaml").write_text(f"a: {below}\nb: {below}\n")

    assert "more than 500 includes" in read("a: {$include: deep0.yaml}")[2][0]


def test_includes_that_stand_for_too_much_together_are_refused(read, tmp_path):
    read("a: 1")
    tens = "".join(f"{name}: &{name} [{', '.join(['*' + last] * 10)}]\n" for last, name in TENS)
    (tmp_path / "config" / "big.yaml").write_text(f"x: &x 1\n{tens}")
    includes = "".join(f"i{number}: {{$include: big.yaml}}\n" for number in range(40))

    problems = read(includes)[2]

    assert "the includes stand for more than 200000 values" in problems[0]
    assert 20 < len(problems) < 40


TENS = [("x", "y"), ("y", "z"), ("z", "v"), ("v", "w")]  # 11,111 values and more


def test_a_pipe_is_refused_and_not_waited_for(read, tmp_path):
    read("a: 1")
    os.mkfifo(tmp_path / "config" / "pipe.yaml")

    assert "main.yaml:1:15: pipe.yaml is no regular file" in read("a: {$include: pipe.yaml}")[2][0]


def test_a_dict_config_includes_nothing():
    problems = Problems()
    tree = python_tree({"a": {"$include": "x.yaml"}}, problems)
    Includes(None, {}, problems).resolve(tree)

    assert [str(p.place) for p in problems.found] == ["a.$include"]
    assert problems.found[0].message == "a dict config has no folder to include files from"
