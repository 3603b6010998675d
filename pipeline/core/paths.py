"""Where the stages' files lie, relative to the project's root. dvc.yaml names the same places."""

from __future__ import annotations

from pathlib import Path

DATA = Path("data")
JUDGE = Path("judge")
CONTROLS = Path("controls")
FIGURES = Path("figures")
REPORT = Path("report")

# Each of these holds one file or one folder a trained model, named after it.
MODELS = Path("models")
LOGS = Path("logs")
SNAPSHOTS = Path("snapshots")
SAMPLES = Path("samples")
GRIDS = Path("grids")
METRICS = Path("metrics")
OF_MODELS = (MODELS, LOGS, SNAPSHOTS, SAMPLES, GRIDS, METRICS)


def log(model_id: str) -> Path:
    return LOGS / f"{model_id}.csv"


def snapshots(model_id: str) -> Path:
    return SNAPSHOTS / f"{model_id}.npz"


def samples(model_id: str) -> Path:
    return SAMPLES / f"{model_id}.npz"


def metrics(model_id: str) -> Path:
    return METRICS / f"{model_id}.json"


def headline(model_id: str) -> Path:
    return METRICS / f"{model_id}.headline.json"
