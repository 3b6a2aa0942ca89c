"""The page on the builtins says what their code says."""

from tools.function_reference import PATH, reference


def test_the_reference_is_what_the_code_says() -> None:
    assert PATH.read_text() == reference(), "run: python -m tools.function_reference"


def test_every_parameter_has_a_row_with_a_description() -> None:
    rows = [line for line in reference().split("\n") if line.startswith("| `")]

    assert len(rows) > 100
    assert all(len(row.replace("\\|", "").split("|")[4].strip()) > 5 for row in rows)
