"""The whole pipeline at tiny settings, as users run it: on the whole of MNIST where it is at hand."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.core import files
from pipeline.data.dataset import load_dataset, read_manifest
from pipeline.sampling import checkpoint
from pipeline.tracking import journal
from pipeline.workflow.quick import BANNER
from tests.conftest import ENVIRONMENT, Project, commit, in_git, mnist_at_hand, ran

pytestmark = pytest.mark.slow

ITEMS = {f"{stage}@{item}" for item in ("vae-0", "gan-0") for stage in (f"train_{item[:3]}", "sample", "evaluate")}
STAGES = {"prepare", "train_judge", "controls", *ITEMS, "plot", "compare"}
PAPERS_FIGURES = (
    "figure-1-vae-structure",
    "figure-2-gan-algorithm",
    "figure-3-vae-loss-first-epochs",
    "figure-4-vae-loss-last-epochs",
    "figure-5-latent-space",
    "figure-6-gan-log",
    "figure-7-gan-losses",
    "figure-8-gan-samples",
    "figure-9-discriminator-accuracy",
    "section-5.1.4-manifold",
)


def runs(project: Project) -> list[Any]:
    from mlflow import MlflowClient

    project.ok("python", "-m", "pipeline", "sync")
    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    experiments = [e.experiment_id for e in client.search_experiments() if e.name.startswith("gan-vs-vae")]
    return client.search_runs(experiments)


def name_of(run: Any) -> str:
    """The stage item of a run. A trained model's own name is that of the model."""
    return f"{run.data.tags['stage']}@{run.data.tags['item']}".rstrip("@")


def journalled(project: Project) -> list[str]:
    """The stage items that ran in the project, in the order in which they ended."""
    index = journal.read(project.root / ".journal" / "index.jsonl")
    return [f"{record['stage']}@{record['item']}" for record, _ in index]


def test_every_output_is_there_and_whole(finished: Project) -> None:
    root = finished.root
    dataset = load_dataset(root / "data")
    assert dataset.manifest["whole"] == mnist_at_hand()
    for name in PAPERS_FIGURES:
        with Image.open(root / "figures" / f"{name}.png") as image:
            assert image.width > 500
    for item, samplers in (("vae-0", {"means", "bernoulli", "mixture"}), ("gan-0", {"samples"})):
        arrays = files.read_npz(root / "samples" / f"{item}.npz")
        assert set(arrays) == samplers
        assert all(a.shape == (200, 28, 28) and a.dtype == np.uint8 for a in arrays.values())
        assert {p.stem for p in (root / "grids" / item).iterdir()} == samplers
        assert checkpoint.read_card(root / "models" / item)["data"]["sha256"] == dataset.manifest["sha256"]
    snapshots = files.read_npz(root / "snapshots" / "gan-0.npz")
    assert snapshots["steps"].tolist() == [20, 40, 60]
    assert snapshots["images"].shape == (3, 16, 28, 28)
    assert not list(root.rglob("*.part"))


def test_logs_hold_the_columns_that_are_promised(finished: Project) -> None:
    header = (finished.root / "logs" / "vae-0.csv").read_text().splitlines()[0]
    parts = ("loss", "reconstruction", "kl")
    assert header == ",".join(["epoch", *(f"{s}/{p}" for s in ("train", "test") for p in parts)])
    header = (finished.root / "logs" / "gan-0.csv").read_text().splitlines()[0]
    assert header == (
        "iteration,d_loss,d_accuracy,g_loss,d_grad_norm,g_grad_norm,d_loss_batch,d_accuracy_batch,g_loss_batch"
    )
    assert files.read_csv(finished.root / "logs" / "gan-0.csv")["iteration"].tolist() == [20, 40, 60]
    curves = (finished.root / "figures" / "curves.csv").read_text().splitlines()
    assert curves[0] == "model,seed,step,name,value"
    assert len(curves) == 1 + 6 + 3 * 8


def test_what_is_no_result_says_so_everywhere(finished: Project) -> None:
    for name in ("index.html", "report.md"):
        assert BANNER in (finished.root / "report" / name).read_text()
        assert ("5,000-digit subset" in (finished.root / "report" / name).read_text()) != mnist_at_hand()


def test_nothing_to_do_runs_nothing_and_says_where_things_are(project: Project) -> None:
    printed = project.ok("python", "-m", "pipeline", "repro")
    assert ran(printed) == set()
    assert all(word in printed for word in ("report/index.html", "figures/", "make ui", "params.yaml"))


def test_dvc_shows_graph_metrics_plots_and_params(project: Project) -> None:
    assert "train_vae@vae-0" in project.ok("dvc", "dag")
    shown = project.ok("dvc", "metrics", "show", COLUMNS="160").splitlines()
    assert [line.split()[0] for line in shown] == ["Path", "report/headline.json"]  # one line of names, one of numbers
    assert len(shown[0].split()) == 1 + 8
    assert max(map(len, shown)) <= 160
    summary = json.loads((project.root / "report" / "summary.json").read_text())
    assert summary["controls"]["training images"]["frechet"] < summary["models"]["gan"]["samples"]["frechet"]["mean"]
    assert summary["claims"]["vae-blurrier"]["verdict"] == "undecided"  # by one seed
    assert summary["items"]["vae-0"]["parameters"] == 404_244
    out = project.root.parent / "plots"
    project.ok("dvc", "plots", "show", "--out", str(out))
    page = (out / "index.html").read_text()
    assert "train/loss" in page
    assert "facet" in page


def test_every_stage_item_has_a_run_with_what_it_made(project: Project) -> None:
    by_name = {name_of(run): run for run in runs(project)}
    assert set(by_name) == STAGES
    assert {run.info.status for run in by_name.values()} == {"FINISHED"}
    gan = by_name["train_gan@gan-0"]
    assert gan.data.params["iterations"] == "60"
    assert {"stage": "train_gan", "seed": "0", "model": "gan", "status": "trained"}.items() <= gan.data.tags.items()
    assert "d_grad_norm" in gan.data.metrics
    artifacts = Path(gan.info.artifact_uri.removeprefix("file://").replace("%20", " "))
    assert artifacts.is_relative_to(project.root)
    assert (artifacts / "gan-0" / "saved_model.pb").is_file()
    assert len(list((artifacts / "images").glob("samples*.png"))) >= 3  # the slider's steps
    assert gan.inputs.dataset_inputs[0].dataset.name in ("MNIST", "5,000-digit subset")
    assert gan.info.run_name == "gan-0"
    assert gan.data.metrics["frechet"] == by_name["evaluate@gan-0"].data.metrics["frechet"] > 0
    assert by_name["train_vae@vae-0"].data.metrics["bernoulli_frechet"] > 0
    assert (artifacts / "grids" / "samples.png").is_file()
    assert "vae_recall" in by_name["compare"].data.metrics
    assert "test/accuracy/0" in by_name["train_judge"].data.metrics


@pytest.mark.full
@pytest.mark.long
def test_running_again_on_one_core_leaves_the_lock_without_a_changed_byte(project: Project) -> None:
    before = project.lock()  # made on all cores
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everything)})
    try:
        printed = project.ok("dvc", "repro", "--force")
    finally:
        os.sched_setaffinity(0, everything)
    assert ran(printed) == STAGES
    assert project.lock() == before


@pytest.mark.long
def test_adding_a_seed_runs_only_that_seed_and_removing_it_leaves_nothing(project: Project) -> None:
    before = yaml.safe_load(project.lock())
    code = (project.root / "pipeline" / "models" / "gan.py").read_text()
    project.set({"seeds": [0, 1]})
    added = {name.replace("-0", "-1") for name in ITEMS}
    assert project.would_run() == {*added, "plot", "compare"}
    one_seed_fails_and_stops_no_other(project, {name for name in added if "vae" in name})
    (project.root / "pipeline" / "models" / "gan.py").write_text(code)
    project.set({"seeds": [0]})
    refused = project.run("dvc", "repro")
    assert refused.returncode != 0
    assert "no longer named by params.yaml" in refused.stderr
    assert "make prune" in refused.stderr
    printed = project.ok("python", "-m", "pipeline", "repro")
    assert "pruned models/gan-1 and 13 more: params.yaml no longer names them" in printed
    assert not (project.root / "models" / "vae-1").exists()
    assert yaml.safe_load(project.lock()) == before


def one_seed_fails_and_stops_no_other(project: Project, vaes: set[str]) -> None:
    """An unfinite training is a counted result. Of the VAE's items, only `vaes` run."""
    path = project.root / "pipeline" / "models" / "gan.py"
    planted = 'generator["g_loss"] = tf.where(key[0] == 1, float("nan"), generator["g_loss"])  # seed 1 alone\n    '
    usual = "d_grad_norm, g_grad_norm = scalars"
    assert usual in path.read_text()
    path.write_text(path.read_text().replace(usual, planted + usual))
    before = journalled(project)
    done = project.run("python", "-m", "pipeline", "repro")
    assert done.returncode == 0, done.stderr
    assert {name for name in journalled(project)[len(before) :] if "vae" in name} == vaes
    assert "warning: gan-1: g_loss is not finite at step 1: kept as a failed training" in done.stderr
    assert "failed:  1 of 4 trainings: gan-1 (step 1)" in done.stdout
    folders = {item: checkpoint.read_card(project.root / "models" / item) for item in ("gan-0", "gan-1", "vae-1")}
    assert [folders[item]["status"] for item in folders] == ["trained", "failed", "trained"]
    assert files.read_npz(project.root / "samples" / "gan-1.npz") == {}
    assert files.read_npz(project.root / "samples" / "gan-0.npz") != {}
    report = (project.root / "report" / "report.md").read_text()
    assert "1 of 4 trainings failed: gan-1" in report
    assert "vae-1" in report
    failed = [run for run in runs(project) if run.data.tags.get("status") == "failed"]
    assert {name_of(run) for run in failed} == {f"{s}@gan-1" for s in ("train_gan", "sample", "evaluate")}


def test_a_caption_retrains_nothing(project: Project) -> None:
    path = project.root / "pipeline" / "report" / "figures" / "catalogue.py"
    path.write_text(path.read_text().replace("Figure 9: discriminator accuracy", "Figure 9: accuracy"))
    assert project.would_run() == {"plot", "compare"}


def test_a_learning_rate_that_is_too_high_ends_as_a_failed_training(project: Project) -> None:
    project.set({"models": {"gan": {"learning_rate": 1e30}}})
    done = project.run("dvc", "repro", "train_gan")
    assert done.returncode == 0, done.stderr
    assert "warning: gan-0: " in done.stderr
    assert checkpoint.read_card(project.root / "models" / "gan-0")["status"] == "failed"


def test_wrong_params_stop_before_anything_runs(project: Project) -> None:
    project.set({"models": {"gan": {"lr": 1}}})
    done = project.run("python", "-m", "pipeline", "repro")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "models.gan.lr is not a setting" in done.stderr


def test_models_of_other_data_are_not_compared(project: Project) -> None:
    path = project.root / "models" / "vae-0" / "model.json"
    description = json.loads(path.read_text())
    before, description["data"]["sha256"] = description["data"]["sha256"], "0" * 64
    files.write_json(path, description)
    done = project.run("python", "-m", "stages.compare")
    assert done.returncode == 1
    assert "models/vae-0: trained on other data" in done.stderr
    description["data"]["sha256"] = before
    files.write_json(path, description)
    path = project.root / "metrics" / "gan-0.json"
    files.write_json(path, {**files.read_json(path), "data": {"label": "other digits", "sha256": "0" * 64}})
    done = project.run("python", "-m", "stages.compare")
    assert done.returncode == 1
    assert "metrics/gan-0.json: expected the metrics of models/gan-0" in done.stderr
    assert "other digits" in done.stderr


def test_no_permission_is_one_sentence(project: Project) -> None:
    (project.root / "report").chmod(0o500)
    try:
        if os.geteuid() == 0:  # root may write anywhere: take a folder that nobody can make files in
            shutil.rmtree(project.root / "report")
            (project.root / "report").symlink_to("/sys")
        done = project.run("python", "-m", "stages.compare")
    finally:
        with contextlib.suppress(OSError):
            (project.root / "report").chmod(0o700)
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("model", "full"), [("vae", "models"), ("gan", "snapshots")])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(project: Project, model: str, full: str) -> None:
    folder = project.root / full
    shutil.rmtree(folder)
    folder.mkdir()
    unshare = project.with_own_mounts()
    tiny_disk = """
        mount -t tmpfs -o size=16k disk "$0" && python -m stages.train "$1" 0
        code=$?; echo left: $(ls -A "$0"); exit $code
    """
    done = project.run(*unshare, tiny_disk, full, model)
    assert done.returncode == 1, done.stderr
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"error: {full}/")
    assert "no space left on the disk" in sentence
    assert done.stdout.splitlines()[-1].strip() == "left:"


@pytest.mark.full
def test_a_subset_is_left_behind_when_mnist_comes_within_reach(project: Project, tmp_path: Path) -> None:
    project.set({"data": {"source": "auto"}})
    offline = {"TFDS_DATA_DIR": str(tmp_path / "nothing"), "HTTPS_PROXY": "http://127.0.0.1:9"}
    project.ok("dvc", "repro", "prepare", **offline)
    assert not read_manifest(project.root / "data")["whole"]
    if mnist_at_hand():
        printed = project.ok("python", "-m", "pipeline", "repro")
        assert "MNIST can be had now" in printed
        assert read_manifest(project.root / "data")["whole"]
        assert ran(printed) <= {"prepare", "compare"}  # which reads data.source; the run-cache has the rest
    else:
        printed = project.ok("python", "-m", "pipeline", "repro", **offline)
        assert "made with the 5,000-digit subset: `make repro` tries for the whole again" in printed


def test_sample_command_draws_from_any_model_folder(project: Project, tmp_path: Path) -> None:
    for item, options in (("gan-0", []), ("vae-0", ["--sampler", "bernoulli"])):
        out = tmp_path / f"{item}.png"
        folder = str(project.root / "models" / item)
        project.ok("python", "-m", "pipeline", "sample", folder, "--count", "10", "--out", str(out), *options)
        with Image.open(out) as image:
            assert image.size == (2 * (4 * 30 + 2), 2 * (3 * 30 + 2))
    refused = project.run("python", "-m", "pipeline", "sample", folder, "--sampler", "samples")
    assert "--sampler must be one of means, bernoulli" in refused.stderr


@contextlib.contextmanager
def queue_worker(project: Project, environment: dict[str, str]) -> Iterator[None]:
    """DVC's worker, which lives on after the command that starts it.

    It has no pipe of ours and is ended here: now and then it fails to see that its queue is empty, and stays for ever.
    """
    command = ("dvc", "queue", "start")
    nowhere = subprocess.DEVNULL
    subprocess.run(command, cwd=project.root, env=ENVIRONMENT | environment, stdout=nowhere, stderr=nowhere, check=True)
    try:
        yield
    finally:
        about = next((project.root / ".dvc" / "tmp" / "exps" / "celery").glob("dvc-exp-worker-*.json"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads(about.read_text())["pid"], signal.SIGTERM)


@pytest.mark.full
@pytest.mark.long
def test_experiments_run_apart_and_land_in_the_same_store(project: Project) -> None:
    commit(in_git(project), "all")
    before = len(runs(project))
    bare = {"HOME": str(project.root / "home"), "GIT_CONFIG_NOSYSTEM": "1"}  # a user who never told git a name
    project.ok("dvc", "exp", "run", "--temp", "-S", "models.gan.learning_rate=0.003", **bare)
    assert len(runs(project)) == before + 5  # train, sample, evaluate, plot, compare
    project.ok("dvc", "exp", "run", "--queue", "-S", "report.banner=queued", **bare)  # compare runs again
    with queue_worker(project, bare):
        deadline = time.monotonic() + 240
        while len(runs(project)) < before + 8 and time.monotonic() < deadline:
            time.sleep(1)
    tracked = [run.data for run in runs(project)]
    assert "0.003" in {data.params.get("learning_rate") for data in tracked}
    (queued,) = (data for data in tracked if data.params.get("report.banner") == "queued")
    assert queued.tags["dvc_experiment"]
    printed = project.ok("dvc", "params", "diff", "--json")
    assert json.loads(printed) == {}
    project.set({"models": {"gan": {"learning_rate": 0.005}}})
    changed = json.loads(project.ok("dvc", "params", "diff", "--json"))["params.yaml"]
    assert changed == {"models.gan.learning_rate": {"old": 0.001, "new": 0.005, "diff": 0.004}}
