from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.core import backend, device
from pipeline.core.backend import tf
from pipeline.provenance import machine
from tests.conftest import Project

# The processor as two devices, of which the second stands for a GPU: what nobody places lies on the first.
ON_THE_SECOND = """
import os
import pipeline
from pipeline.core import backend, device

training = os.getpid()

def two_processors(tensorflow):
    if os.getpid() != training:
        return  # it writes the signatures, whose graph would name the devices
    config = tensorflow.config
    config.set_logical_device_configuration(
        config.list_physical_devices("CPU")[0], [config.LogicalDeviceConfiguration()] * 2
    )

backend._share_gpus = two_processors
device.name = lambda: "CPU:1"

from pipeline.training import loop, session
from stages.train import main

places = []
fit = session.fit

def spy(model, *splits, **given):
    places.extend(variable.device for variable in model.state.values())
    places.extend(tensor.device for split in splits for tensor in loop._on_device(split))
    return fit(model, *splits, **given)

session.fit = spy
main()
print(len(places), *{place.rpartition("/")[2] for place in places})
"""


def gpu(monkeypatch: pytest.MonkeyPatch, details: dict[str, str]) -> None:
    listed = [SimpleNamespace(name="/physical_device:GPU:0", device_type="GPU")]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: listed if kind == "GPU" else [])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: listed if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: details)


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_a_training_lies_on_its_device_and_has_the_bytes_of_another_of_its_type(project: Project, model: str) -> None:
    made = [path for name in ("models", "logs", "snapshots") for path in (project.root / name).rglob(f"{model}-0*")]
    files = [path for entry in made for path in (entry, *entry.rglob("*")) if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    printed = project.ok("python", "-c", ON_THE_SECOND, model, "0")
    count, *places = printed.splitlines()[-1].split()
    assert int(count) > 10
    assert places == ["device:CPU:1"]
    assert len(before) > 5
    assert {path: path.read_bytes() for path in before} == before


def test_a_gpu_that_tensorflow_sees_is_used_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (device.name(), device.described()) == ("CPU:0", "the CPU")
    without = machine.here()["processor"]
    gpu(monkeypatch, {"device_name": "NVIDIA A100"})
    assert (device.name(), device.described()) == ("GPU:0", "the GPU (NVIDIA A100)")
    assert machine.here()["processor"] == without  # no driver, so TensorFlow is not asked
    (tmp_path / "0000:01:00.0").touch()
    monkeypatch.setattr(machine, "DRIVER", tmp_path)
    assert machine.here()["processor"] == f"{without} and the GPU (NVIDIA A100)"
    monkeypatch.undo()
    monkeypatch.setattr(machine, "DRIVER", tmp_path)  # a driver, and a TensorFlow without CUDA's libraries
    assert machine.here()["processor"] == without


def test_a_gpus_memory_is_taken_as_needed_and_its_sums_are_repeatable() -> None:
    asked: list[object] = []
    experimental = SimpleNamespace(
        set_memory_growth=lambda gpu, on: asked.append((gpu, on)),
        enable_op_determinism=lambda: asked.append("repeatable"),
    )
    for listed in ([], ["first", "second"]):
        config = SimpleNamespace(list_physical_devices=lambda _, found=listed: found, experimental=experimental)
        backend._share_gpus(SimpleNamespace(config=config))
    assert asked == [("first", True), ("second", True), "repeatable"]
