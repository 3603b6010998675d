"""Foreign sets scored as a user does it: with a finished run, and with nothing but the file that `judges` wrote."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from markupsafe import escape

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.data.dataset import Dataset, load_dataset
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.measure import measure_set
from pipeline.evaluation.metrics.table import TABLE
from pipeline.scoring import page, words, yardstick
from pipeline.scoring.score import Score
from pipeline.workflow import score
from tests.conftest import ROOT, Project

COUNT = 1_100
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(finished: Project) -> Dataset:
    return load_dataset(finished.root / "data")


@pytest.fixture(scope="module")
def packed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of judges, as one hands it on."""
    path = tmp_path_factory.mktemp("handed on") / "judges.zip"
    finished.ok("python", "-m", "pipeline", "judges", "--out", str(path))
    return path


def dimmed(dataset: Dataset) -> np.ndarray:
    """Training images at half their brightness: no one's digits, but not far from them."""
    return dataset.train.images[-COUNT:] // 2


def run(path: Path, judges: Path | None, **options: Any) -> Score:
    out = path.with_name(f"{path.stem} scored")
    score.run(path, out, judges, options.get("within"), options.get("polarity"), options.get("array"))
    return cast(Score, json.loads((out / score.JSON).read_text()))


def test_a_set_is_measured_as_the_projects_own_are(packed: Path, dataset: Dataset, tmp_path: Path) -> None:
    images = dimmed(dataset)
    np.savez(tmp_path / "set.npz", labels=np.zeros(COUNT), images=images)
    scored = run(tmp_path / "set.npz", packed)
    with yardstick.unpacked(packed) as root:
        measure = yardstick.load(root)
        seen = ensemble.look(measure.judges, images)
        assert scored["measured"] == measure_set(images, seen, measure.real, measure.settings)
        assert scored["accuracy"] == ensemble.read_description(root / "judge")["accuracy"]
    assert scored["images"]["n"] == scored["images"]["given"] == COUNT
    assert scored["images"]["sha256"] == files.array_sha256(images)
    assert scored["floor"]["metrics"]["frechet"]["n"] == COUNT
    assert scored["floor"]["metrics"]["frechet"]["value"] < scored["measured"]["metrics"]["frechet"]["value"]
    assert scored["data"]["sha256"] == dataset.manifest["sha256"]
    assert {"vae", "gan"} == scored["models"].keys()
    assert "uniform noise" in scored["controls"]


def test_floats_and_pngs_of_the_same_images_have_the_same_score(packed: Path, dataset: Dataset, tmp_path: Path) -> None:
    from pipeline.sampling.grids import save_png

    images = dimmed(dataset)
    np.save(tmp_path / "floats.npy", (images / 127.5 - 1.0).astype(np.float32))
    for number, image in enumerate(images):
        save_png(tmp_path / "pngs" / f"{number:05}.png", image, scale=1)
    first, second = (run(tmp_path / name, packed) for name in ("floats.npy", "pngs"))
    assert first["images"]["sha256"] == second["images"]["sha256"]
    assert first["measured"] == second["measured"]


def test_the_command_ends_with_where_the_page_is_and_needs_no_project(
    packed: Path, dataset: Dataset, tmp_path: Path, finished: Project
) -> None:
    np.save(tmp_path / "set.npy", dimmed(dataset))
    alone = Project(tmp_path)
    printed = alone.ok(
        "python", "-m", "pipeline", "score", "set.npy", "--judges", str(packed), PYTHONPATH=str(ROOT)
    ).splitlines()
    assert "score: every metric is in scores/set.npy/index.html; numbers and picture are beside it" in printed[-1]
    assert any("Fréchet distance" in line and "of as many training images" in line for line in printed)
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {"set.npy", *(f"scores/set.npy/{name}" for name in score.WRITTEN)}
    own = finished.root / "scores"
    try:
        finished.ok("python", "-m", "pipeline", "score", str(tmp_path / "set.npy"))
        for name in score.WRITTEN:
            alone_made = tmp_path / "scores" / "set.npy" / name
            assert (own / "set.npy" / name).read_bytes() == alone_made.read_bytes(), name
    finally:
        shutil.rmtree(own)


def test_sets_that_prove_nothing_are_refused(packed: Path, dataset: Dataset, tmp_path: Path) -> None:
    few, tests = dimmed(dataset)[:999], np.concatenate([dimmed(dataset), dataset.test.images[:7]])
    for name, images, said in (
        ("few", few, "expected at least 1,000 images.*got 999"),
        ("tests", tests, "7 of the 1,107 are test images"),
    ):
        np.save(tmp_path / f"{name}.npy", images)
        with pytest.raises(UserError, match=said):
            run(tmp_path / f"{name}.npy", packed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.npy", "tests.npy"]


def test_of_more_images_than_there_are_test_images_as_many_are_drawn(
    packed: Path, dataset: Dataset, tmp_path: Path
) -> None:
    most = len(dataset.test.images)
    blank = np.zeros((most + 500, 28, 28), np.uint8)  # a collapsed generator, which has a score as well
    np.save(tmp_path / "set.npy", blank)
    with pytest.raises(UserError, match="cannot be told"):
        run(tmp_path / "set.npy", packed)
    scored = run(tmp_path / "set.npy", packed, within=(0.0, 255.0))
    assert scored["images"]["n"] == most
    assert scored["images"]["given"] == most + 500
    assert scored["made"]["command"] == "python -m pipeline score set.npy --range=0:255"
    assert any(f"{most:,} of {most + 500:,}, drawn at random" in said for said in scored["images"]["assumed"])
    assert scored["measured"]["metrics"]["duplicate_share"]["value"] == 1.0


def test_the_page_has_every_metric_and_warns_of_judges_that_read_badly(
    packed: Path, dataset: Dataset, tmp_path: Path
) -> None:
    name = "<set> $_$ 名.npy"  # what HTML, formulas and fonts trip over
    np.save(tmp_path / name, dimmed(dataset))
    scored = run(tmp_path / name, packed)
    text = (tmp_path / "<set> $_$ 名 scored" / score.PAGE).read_text()
    assert "Score of &lt;set&gt; $_$ 名.npy" in text
    assert "<set>" not in text
    for title in ("Fréchet distance", "precision", "recall", "coverage", "duplicates"):
        assert f">{title}</th>" in text
    assert "http" not in text
    assert words.QUESTIONS.keys() == TABLE.keys()
    assert all(
        f"<dt>{escape(metric.title)}</dt><dd>{escape(words.QUESTIONS[metric.name])}" in text
        for metric in TABLE.values()
    )
    assert scored["made"]["command"] == f"python -m pipeline score '{name}'"
    assert f"Version {scored['made']['version']} of the project" in text
    good, bad = ({**scored, "accuracy": {"0": share}} for share in (0.99, 0.6))
    assert not any("read only" in sentence for sentence in page.sentences(cast(Score, good)))
    assert any("read only 60.0 % right" in sentence for sentence in page.sentences(cast(Score, bad)))
    np.save(tmp_path / name, dimmed(dataset)[:1050])
    with pytest.raises(UserError, match="holds the score of other images; remove it, or name another folder"):
        run(tmp_path / name, packed)


def test_models_are_nearer_level_or_farther_and_by_infinite_n_where_the_numbers_of_images_differ() -> None:
    def of(value: float, **others: float) -> Any:
        both = {"mean": value, "value": value, "n": 10_000, **others}
        return {"frechet": both, "frechet_infinite": both}

    models = {
        "near": {"samples": of(9.0)},
        "level": {"means": of(9.9, low=9.6, high=10.2)},
        "far": {"samples": of(12.0)},
    }
    measured = of(10.0, se=0.1)
    measured["frechet"]["judges"] = [9.0, 11.0]
    given: Any = {
        "images": {"n": 10_000, "assumed": []}, "accuracy": {}, "data": {"label": "MNIST"},
        "measured": {"metrics": measured}, "floor": {"metrics": of(0.5)}, "controls": {}, "models": models,
    }  # fmt: skip
    said = "1 (near 9.0) nearer to the test images, 1 (level (means) 9.9) level with these images, 1 farther."
    assert page.sentences(given)[1] == f"Of this project's 3 models and ways to draw: {said}"
    given["images"]["n"] = 2_000
    assert (
        page.sentences(given)[1]
        == f"Of this project's 3 models and ways to draw, by the distance at infinite N: {said}"
    )
    assert "Careful: models and controls were measured on 10,000 images" in page.sentences(given)[2]


def test_a_judge_that_cannot_tell_digits_measures_nothing(packed: Path, tmp_path: Path) -> None:
    with yardstick.unpacked(packed) as root:
        described = json.loads((root / "judge/judge.json").read_text())
        files.write_json(root / "judge/judge.json", described | {"accuracy": {"0": 0.1}})
        with pytest.raises(UserError, match="the judge of seed 0 reads 10 % of the test images right"):
            yardstick.load(root)


def test_files_of_judges_that_hold_anything_else_are_refused(packed: Path, tmp_path: Path) -> None:
    def edited(name: str, **content: bytes) -> Path:
        shutil.copy(packed, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name, "a") as archive:
            for entry, data in content.items():
                archive.writestr(entry, data)
        return tmp_path / name

    with zipfile.ZipFile(packed) as whole, zipfile.ZipFile(tmp_path / "less.zip", "w") as less:
        for entry in whole.namelist():
            if not entry.endswith("own.npz"):
                less.writestr(entry, whole.read(entry))
    for path, said in (
        (tmp_path / "less.zip", "it lacks 'controls/own.npz'"),
        (edited("out.zip", **{"../../evil.py": b"x"}), "it holds '../../evil.py'"),
        (edited("model.zip", **{"judge/judge-0.keras": b"x"}), "it holds 'judge/judge-0.keras'"),
        (tmp_path / "none.zip", "there is none"),
    ):
        with pytest.raises(UserError, match=said), yardstick.unpacked(path):
            pass
    (tmp_path / "torn.zip").write_bytes(packed.read_bytes()[:-1000])
    with (
        pytest.raises(UserError, match="expected a zip that can be read"),
        yardstick.unpacked(tmp_path / "torn.zip"),
    ):
        pass


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"it holds thesis\.tex; name another with --out"):
        score.run(tmp_path / "set.npy", tmp_path, None, None, None, None)
    with pytest.raises(UserError, match="got a file; name another with --out"):
        score.run(tmp_path / "set.npy", tmp_path / "thesis.tex", None, None, None, None)
    with pytest.raises(UserError, match="got a file; name another with --out"):
        score.run(tmp_path / "set.npy", tmp_path / "thesis.tex" / "score", None, None, None, None)
    with pytest.raises(UserError, match="expected a name of at most 200 bytes"):
        score.run(tmp_path / "set.npy", tmp_path / ("x" * 201), None, None, None, None)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / score.PAGE).write_text("a page of mine")
    with pytest.raises(UserError, match="it holds index"):
        score.run(tmp_path / "set.npy", tmp_path / "own", None, None, None, None)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_without_a_run_and_without_a_file_of_judges_it_says_what_to_do(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", np.full((1000, 28, 28), 9, np.uint8))
    done = Project(tmp_path).run("python", "-m", "pipeline", "score", "set.npy", PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: judge/: expected the judges of a finished run, which measure images; there are none; run"
    )
    assert done.stderr.count("\n") == 1
