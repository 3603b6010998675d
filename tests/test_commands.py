from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import COMMANDS
from tests.conftest import ENVIRONMENT, ROOT, need


def command(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_says_what_a_command_does(name: str) -> None:
    assert name in command("pipeline", "--help").stdout
    done = command("pipeline", name, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 4  # usage, what it does, options


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample", "nowhere"], "error: nowhere: expected a model folder with model.json"),
        (["sample", "nowhere", "--count", "0"], "must be a positive integer; got '0'"),
        (["sample", "nowhere", "--seed", "-1"], "--seed must not be negative; got -1"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments: list[str], words: str) -> None:
    done = command("pipeline", *arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_make_repro_checks_settings_without_what_is_slow_to_import() -> None:
    code = "import sys; from pipeline.workflow import repro; repro.read_params(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "numpy" in imported
    assert not imported & {"dvc", "keras", "matplotlib", "mlflow", "pandas", "plotly", "scipy.stats", "tensorflow"}


def test_a_foreign_python_says_so_in_one_sentence() -> None:
    foreign = need("/usr/bin/python3")
    done = subprocess.run(
        [foreign, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import stages.prepare"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the project's" in done.stderr
    assert ". .venv/bin/activate" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stages.train", "nonesuch", "0"], "params.yaml: models must hold 'nonesuch'; got ['vae', "),
        (["stages.train", "vae", "x"], "invalid int value: 'x'"),
        (["stages.sample", "vae-99"], "expected a model folder with model.json"),
    ],
)
def test_stages_refuse_what_is_not_there(arguments: list[str], words: str) -> None:
    done = command(*arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr
