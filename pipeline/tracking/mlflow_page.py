"""MLflow's page: what it opens on, and the program that serves it.

The page keeps the columns of a view in a tag of the experiment, `mlflow.sharedViewState.<key>`, and opens the view that
its address names.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zlib

from pipeline.core.errors import UserError
from pipeline.tracking import mlflow_store

HOST = "127.0.0.1"
VIEW = "models"
PRIMARY_METRIC = "frechet"
METRICS = (PRIMARY_METRIC, "recall", "coverage", "precision")
SETTINGS = ("learning_rate", "batch_size", "latent_dim", "hidden_dim")
WIDTHS = {"metrics": 100, "params": 110, "tags": 120}  # of columns, in pixels


def experiment_tags(of: str) -> dict[str, str]:
    """The tags by which the page knows what to show of an experiment of `mlflow_store.EXPERIMENTS`."""
    kind = {"mlflow.experimentKind": "custom_model_development"}  # else it opens on language-model tools
    if of != mlflow_store.MODELS:
        return kind
    view = {"name": "Models", "createdAt": 0, "updatedAt": 0, "state": _packed(_view())}
    return kind | {
        "mlflow.experiment.primaryMetric.name": PRIMARY_METRIC,
        "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        f"mlflow.sharedViewState.{VIEW}": json.dumps(view),
    }


def _view() -> dict[str, object]:
    """A row a trained model, the newest first. The keys and words are the page's own."""
    columns = [f"metrics.`{name}`" for name in METRICS]
    columns += [f"params.`{name}`" for name in ("model", "seed", *SETTINGS)]
    columns += [f"tags.`{name}`" for name in ("status", "dvc_experiment")]
    widths = {name: WIDTHS[name.partition(".")[0]] for name in columns} | {"attributes.`Source`": 230}
    return {
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "searchFilter": "",
        "selectedColumns": list(widths),
        "columnOrder": list(widths),
        "columnWidths": widths,
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunSections": [
            _section("quality", "Quality against settings"),
            _section("curves", "Curves of the GANs"),  # those with a slash in their names get sections by themselves
            _section("samples", "Samples"),
        ],
        "compareRunCharts": [
            _chart("SCATTER", "quality", xaxis={"key": "learning_rate", "type": "PARAM"}, yaxis=_METRIC),
            _chart("PARALLEL", "quality", selectedParams=list(SETTINGS[:3]), selectedMetrics=[PRIMARY_METRIC]),
            _chart("BAR", "quality", metricKey=PRIMARY_METRIC),
            *(_line(name) for name in ("d_loss", "g_loss", "d_accuracy")),
            _chart("IMAGE", "samples", imageKeys=["samples"], step=0, showRunParams=False),
        ],
    }


_METRIC = {"key": PRIMARY_METRIC, "type": "METRIC"}


def _section(uuid: str, name: str) -> dict[str, object]:
    state = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
    return {"uuid": uuid, "name": name, **state}


def _line(metric: str) -> dict[str, object]:
    axes = {"xAxisKey": "step", "xAxisScaleType": "linear", "scaleType": "linear", "lineSmoothness": 0, "range": {}}
    return _chart("LINE", "curves", metricKey=metric, selectedMetricKeys=[metric], **axes) | {
        "uuid": f"curves-{metric}"
    }


def _chart(kind: str, section: str, **shown: object) -> dict[str, object]:
    state = {"runsCountToCompare": 20, "deleted": False, "isGenerated": False}
    return {"uuid": f"{section}-{kind}", "type": kind, "metricSectionId": section, **state, **shown}


def _packed(state: dict[str, object]) -> str:
    """As the page packs it: a tag has no room for much text."""
    return "deflate;" + base64.b64encode(zlib.compress(json.dumps(state).encode(), 9)).decode()


def serve(experiment: str, port: int) -> int:
    """Prints the address of the table of models and serves MLflow's page there until Ctrl-C.

    If the tracker is a server, that has a page already, and nothing is started.

    Args:
      experiment: the id of the experiment of models.

    Raises:
      UserError: another program has the port.
    """
    view = f"#/experiments/{experiment}/runs?viewStateShareKey={VIEW}&workflowType=machine_learning"
    uri = mlflow_store.uri()
    if uri.startswith(("http:", "https:")):
        print(f"the tracker has a page of its own: {uri.rstrip('/')}/{view}")
        return 0
    check_port(port, "make ui UI_PORT=5001")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri, "--host", HOST, "--port", str(port)]
    command += ["--workers", "1", "--uvicorn-opts", "--log-level warning"]  # one reader, and no line a request
    quiet = {"PYTHONWARNINGS": "ignore", "MLFLOW_LOGGING_LEVEL": "WARNING"}
    print("starting MLflow's page, in some seconds ...", flush=True)
    # Ctrl-C is for this process, which ends the server: that would answer it with a traceback.
    with subprocess.Popen(command, env={**os.environ, **quiet}, start_new_session=True) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            wait_until_it_answers(server, port)
            print(f"http://{HOST}:{port}/{view}\n(Ctrl-C ends it)", flush=True)
            return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            return 0


def check_port(port: int, other: str) -> None:
    """Raises `UserError` if the port cannot be had. other: a command that takes another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise UserError(
                f"port {port}: another program has it, or it is not for this user ({error}); take another, "
                f"such as `{other}`"
            ) from None


def wait_until_it_answers(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns when the page can be opened, or when the server has ended, which says why by itself."""
    while server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5):
            return
        time.sleep(0.2)
