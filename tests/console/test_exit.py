from __future__ import annotations

import errno
import os

import pytest

from pipeline.console.exit import exit_code_of
from pipeline.core import errors


def code_and_words(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    def main() -> None:
        raise error

    return exit_code_of(main), capsys.readouterr().err


def test_success_is_zero() -> None:
    assert exit_code_of(lambda: None) == 0
    assert exit_code_of(lambda: 3) == 3


def test_a_users_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_and_words(errors.UserError("a.yaml: no"), capsys) == (1, "error: a.yaml: no\n")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EACCES, "no permission"), (errno.EROFS, "no permission")],
)
def test_disks_that_refuse_are_named(number: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = code_and_words(OSError(number, os.strerror(number), "models/x"), capsys)
    assert code == 1
    assert said.startswith(f"error: models/x: {words}")
    assert said.count("\n") == 1


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = code_and_words(KeyboardInterrupt(), capsys)
    assert code == 130
    assert "nothing was half-written" in said


def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="a bug"):
        exit_code_of(lambda: (_ for _ in ()).throw(ValueError("a bug")))
    with pytest.raises(FileNotFoundError):
        exit_code_of(lambda: (_ for _ in ()).throw(FileNotFoundError(errno.ENOENT, "gone", "x")))


def test_a_python_without_the_projects_packages_is_said_to_be_foreign(capsys: pytest.CaptureFixture[str]) -> None:
    code, words = code_and_words(ModuleNotFoundError("No module named 'tabulate'"), capsys)
    assert code == 1
    assert "is not the project's (No module named 'tabulate'); use make, or activate .venv" in words
