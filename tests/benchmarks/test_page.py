"""The page says what the results say, part by part."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from benchmarks import evaluation, page, pipeline_runs, training
from pipeline.core import files
from pipeline.core.errors import UserError
from tests.conftest import ROOT


def spread(median: float) -> dict[str, float]:
    return {"median": median, "least": 0.9 * median, "most": 1.2 * median}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RESULTS", "PAGE", "PICTURE"):
        monkeypatch.setattr(page, name, tmp_path / getattr(page, name).name)
    return page.RESULTS


def write(results: Path, name: str, found: dict) -> str:
    machine = {
        "processor": "A Processor", "instruction_sets": ["avx2"], "system": "Linux", "python": "3.11.0",
        "cores": 2, "caches": {"L1d": "48K"}, "memory_gb": 24.0, "versions": {"numpy": "2.0"},
    }  # fmt: skip
    files.write_json(results / f"{name}.json", {"machine": machine, "found": found})
    page.write()
    return re.sub(r" +", " ", page.PAGE.read_text())


def trainings() -> dict:
    rates = dict.fromkeys(training.SCRIPTS, 100.0) | {training.OURS: 400.0, training.PRODUCTS[1]: 500.0}
    peers = {
        name: {"rate": spread(rate), "ours_over": spread(400.0 / rate), "peak_mb": 900, "losses": {}}
        for name, rate in rates.items()
    }
    return {"vae": peers, "gan": peers}


def test_training_has_every_peer_its_ratio_and_the_share_of_the_limit(results: Path) -> None:
    text = write(results, "training", trainings())
    assert "| this project | 400 (360 to 480) | | 900 |" in text
    assert "4.00x (3.60 to 4.80)" in text
    assert "products alone: this project 80%, JAX scan 20%" in text
    assert "A step's updates move 8.1 MB, at 1 GB a second" in text  # of the VAE: 8.08 MB, 100 times
    assert "one after the other, 83 steps a second: this project 480%, JAX scan 120%" in text  # 1 / (1/500 + 1/100)
    assert "and nothing else: this project 400%, JAX scan 100%" in text
    assert "A Processor, 2 cores (avx2; caches" in text
    assert page.PICTURE.read_bytes().startswith(b"\x89PNG")


def test_a_peer_that_could_not_run_is_named_below_the_table(results: Path) -> None:
    found = trainings()
    for peers in found.values():
        peers[training.COMPILED] = {"failure": "PyTorch compiled stopped: no linker; see a.log"}
    text = write(results, "training", found)
    assert text.count("Not measured: PyTorch compiled stopped: no linker; see a.log.") == 2
    assert "| PyTorch compiled |" not in text
    assert "products alone: this project 80%, JAX scan 20%" in text


def test_the_pipelines_parts_are_shares_of_its_time(results: Path) -> None:
    whole = {
        "seconds": 200.0, "parts": {"training": 150.0, "metrics": 50.0},
        "peak_mb": {"stages.train vae": 1000}, "tracking_cpu_seconds": 7.0, "beyond_the_paper": 35.0,
    }  # fmt: skip
    others = {
        "another GAN learning rate": 30.0, "one more seed": 40.0, pipeline_runs.PAPER_ALONE: 50.0,
        pipeline_runs.PAPER_IN_TURN: 60.0, pipeline_runs.SIDE_BY_SIDE: 170.0,
    }  # fmt: skip
    found = {
        "everything": whole, "nothing to do": {command: spread(2.5) for command in pipeline_runs.NOTHING},
        **{name: {"seconds": seconds} for name, seconds in others.items()},
    }  # fmt: skip
    text = write(results, "pipeline", found)
    assert "for one seed, from nothing: 50 s (by `dvc repro` alone, one stage after another, 60 s).\n" in text
    assert "models side by side: 170 s." in text
    write(results, "training", trainings())
    text = write(results, "pipeline", found)
    assert "one stage after another: 200 s, 1.33 times its\ntraining steps alone" in text
    assert "without judges, controls and evaluation 1.10 times" in text
    assert "would take 500 s, 10.0 times that" in text  # 50,000 steps, 100 a second
    assert "in turns: `dvc status` 2.50 (2.25 to 3.00), `dvc repro` 2.50 (2.25 to 3.00), " in text
    assert "| training | 150.0 | 75 % |" in text
    assert "1,000" in text


def test_every_part_of_the_evaluation_has_its_seconds_in_every_case(results: Path) -> None:
    parts = {"likelihood": 3.25, "all else": 2.0}
    text = write(results, "evaluation", {"vae-0, today": {"seconds": spread(15.0), "parts": parts}})
    assert "| likelihood | 3.25 |" in text
    assert "| all | 15.0 (13.5 to 18.0) |" in text
    assert f"at commit {evaluation.BEFORE}" in text


def test_the_evaluation_is_measured_on_models_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no vae-0; run `make repro`"):
        evaluation.measure(1, print)
