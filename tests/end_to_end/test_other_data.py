"""The pipeline on a small part of Fashion-MNIST, given as IDX files, with a model that is neither VAE nor GAN."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import ruamel.yaml

from pipeline.data import idx
from pipeline.data.published import SETS
from tests.conftest import TINY, Project, copy_of_project, need_fashion, ran
from tests.end_to_end.test_pipeline import runs

pytestmark = [pytest.mark.slow, pytest.mark.full]
NAMES = SETS["fashion_mnist"].classes


def write_part(folder: Path) -> None:
    """The first 3,000 and 1,000 images, and the names of the classes."""
    whole = idx.read_folder(need_fashion())
    parts = {
        "train-images-idx3-ubyte": whole.train_images[:3000],
        "train-labels-idx1-ubyte": whole.train_labels[:3000],
        "t10k-images-idx3-ubyte": whole.test_images[:1000],
        "t10k-labels-idx1-ubyte": whole.test_labels[:1000],
    }
    folder.mkdir()
    for name, array in parts.items():
        header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / name).write_bytes(header + array.tobytes())
    (folder / "classes.txt").write_text("\n".join(NAMES))


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = copy_of_project(tmp_path_factory.mktemp("other") / "project", TINY)
    write_part(project.root / "datasets" / "clothes")
    project.set(
        {
            "data": {"name": "idx", "source": "auto", "path": "datasets/clothes"},
            "judge": {"epochs": 3},
            "others": ["flow"],
            "compared": ["vae", "gan", "flow"],
        }
    )
    project.ok("python", "-m", "pipeline", "repro")
    return project


def test_everything_is_of_the_data_and_nothing_of_the_paper(clothes: Project) -> None:
    manifest = json.loads((clothes.root / "data" / "manifest.json").read_text())
    assert (manifest["label"], manifest["classes"]) == ("own data: clothes", list(NAMES))
    page = (clothes.root / "report" / "report.md").read_text().partition("## Settings and data")[0]
    assert page.startswith("# GAN vs VAE on own data: clothes")
    assert "the paper is about MNIST, so none of its numbers and claims applies here" in page
    assert not re.search(r"\bdigits?\b|Figure \d|less paper", page)
    summary = json.loads((clothes.root / "report" / "summary.json").read_text())
    assert summary["claims"] == {}
    assert set(summary["models"]) == {"vae", "gan", "flow"}
    assert "flow-0" in page
    tagged = {run.data.tags["data"] for run in runs(clothes) if "data" in run.data.tags}
    assert tagged == {"own data: clothes"}


def test_charts_of_classes_have_their_names(clothes: Project) -> None:
    html = (clothes.root / "report" / "index.html").read_text()
    assert '"name":"ankle boot"' in html


def test_an_edit_of_a_file_of_the_data_makes_everything_stale_and_nothing_else_does(clothes: Project) -> None:
    assert ran(clothes.ok("python", "-m", "pipeline", "repro")) == set()
    names = clothes.root / "datasets" / "clothes" / "classes.txt"
    names.write_text(names.read_text().replace("bag", "sack"))
    assert "prepare" in clothes.would_run()
    names.write_text(names.read_text().replace("sack", "bag"))
    assert clothes.would_run() == set()


def test_samples_that_were_made_elsewhere_stand_beside_the_models(clothes: Project) -> None:
    whole = idx.read_folder(need_fashion())
    np.save(clothes.root / "datasets" / "theirs.npy", whole.train_images[20_000:21_000])
    clothes.set({"external": {"theirs": "datasets/theirs.npy"}})
    assert ran(clothes.ok("python", "-m", "pipeline", "repro")) == {"external@theirs", "plot", "compare"}
    summary = json.loads((clothes.root / "report" / "summary.json").read_text())
    distances = {name: by["samples"]["frechet"]["mean"] for name, by in summary["models"].items() if "samples" in by}
    assert min(distances, key=lambda name: distances[name]) == "theirs"  # they are training images
    assert summary["models"]["theirs"]["samples"]["frechet"]["n"] == 200  # as many as of the models
    page = (clothes.root / "report" / "report.md").read_text()
    assert "| theirs | trained elsewhere | - |" in page
    assert (clothes.root / "figures" / "digits-theirs.png").is_file()
    (run,) = [run for run in runs(clothes) if run.data.tags.get("item") == "theirs"]
    assert run.data.metrics["frechet"] == distances["theirs"]
    assert ran(clothes.ok("python", "-m", "pipeline", "repro")) == set()
    np.save(clothes.root / "datasets" / "theirs.npy", whole.train_images[21_000:22_000])
    assert "external@theirs" in clothes.would_run()
    clothes.set({"external": {"theirs": "datasets/theirs.npy", "vae": "datasets/theirs.npy"}})
    done = clothes.run("python", "-m", "pipeline", "repro")
    assert "external must have names of small letters, digits and _" in done.stderr
    path, yaml = clothes.root / "params.yaml", ruamel.yaml.YAML()
    content = yaml.load(path)
    content["external"] = {}
    yaml.dump(content, path)
    printed = clothes.ok("python", "-m", "pipeline", "repro")
    assert "pruned external/theirs" in printed
    assert not (clothes.root / "external" / "theirs").exists()
    assert "theirs" not in (clothes.root / "report" / "summary.json").read_text()


def test_samples_are_scored_against_the_data(clothes: Project) -> None:
    whole = idx.read_folder(need_fashion())
    np.save(clothes.root.parent / "theirs.npy", whole.train_images[10_000:11_000])
    printed = clothes.ok("python", "-m", "pipeline", "score", str(clothes.root.parent / "theirs.npy"))
    assert "light on black, told from the frame" in printed
    scored = json.loads((clothes.root / "scores" / "theirs.npy" / "score.json").read_text())
    assert scored["classes"] == list(NAMES)
    assert scored["data"]["label"] == "own data: clothes"
    assert scored["measured"]["metrics"]["coverage"]["value"] > 0.5


def test_a_path_where_nothing_is_ends_in_a_sentence_before_dvc_is_asked(clothes: Project) -> None:
    clothes.set({"data": {"path": "datasets/nowhere"}})
    done = clothes.run("python", "-m", "pipeline", "repro")
    clothes.set({"data": {"path": "datasets/clothes"}})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: params.yaml: data.path: expected a file or folder")
    assert "Traceback" not in done.stderr


def test_a_judge_that_reads_nothing_ends_the_run_by_its_name(clothes: Project, tmp_path: Path) -> None:
    clothes.set({"judge": {"learning_rate": 1e-9}})
    done = clothes.run("python", "-m", "stages.train_judge")
    clothes.set({"judge": {"learning_rate": 0.003}})
    assert done.returncode == 1
    assert "the judge of seed 0 reads" in done.stderr
    assert "it says nothing of others" in done.stderr
    assert "Traceback" not in done.stderr
