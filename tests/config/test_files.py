import pytest

from statepipe.config.files import file_tree
from statepipe.config.problems import Problems
from statepipe.config.tree import plain
from statepipe.errors import ConfigError


def refused(path) -> str:
    with pytest.raises(ConfigError) as caught:
        file_tree(str(path), "", Problems())
    return str(caught.value.problems[0])


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.YAML", "a.json"])
def test_the_suffix_chooses_the_reader(tmp_path, name):
    path = tmp_path / name
    path.write_text('{"a": 1}')

    assert plain(file_tree(str(path), "", Problems())) == {"a": 1}


def test_json_is_strict_where_yaml_is_not(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{a: 1}")

    assert "JSON: expected a key in double quotes" in refused(path)


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')

    assert plain(file_tree(str(path), "", Problems())) == {"a": 1}


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    message = refused(tmp_path / "gone.yaml")

    assert message == f"{tmp_path}/gone.yaml: no such config file\n    help: check the path"


def test_a_missing_file_with_a_relative_path_gets_advice():
    assert "the path counts from the folder in which the program runs" in refused("gone.yaml")


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path):
    message = refused("flow.yalm")

    assert "unknown suffix '.yalm': a config file ends in .yaml, .yml or .json" in message
    assert "did you mean '.yaml'?" in message


def test_a_folder_is_refused(tmp_path):
    folder = tmp_path / "a.yaml"
    folder.mkdir()

    assert "the config file cannot be read: Is a directory" in refused(folder)


def test_a_path_with_a_nul_is_refused():
    assert "the config file cannot be read" in refused("a\0.yaml")


def test_a_byte_that_is_no_utf8_is_refused_at_its_place(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xc3\xa9\xff")

    message = refused(path)
    assert message.startswith(f"{path}:2:5: the byte 0xff is not UTF-8")
    assert "save the file as UTF-8" in message
