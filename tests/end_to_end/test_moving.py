"""Data and models move through a remote, and two people may work at once."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENT, ROOT, Project, commit, in_git, ran
from tests.support.servers import free_port

UNSAFE = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}


def sources() -> list[Path]:
    return [path for folder in ("pipeline", "stages") for path in (ROOT / folder).rglob("*.py")]


def test_nothing_is_unpickled_by_our_code() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                assert not {name.split(".")[0] for name in names} & UNSAFE, path
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                if called.endswith((".load", "NpzFile", ".savez")) and called.split(".")[0] in ("np", "numpy"):
                    assert keywords.get("allow_pickle") == "False", f"{path}: {ast.unparse(node)}"
                assert "load_model" not in called, f"{path}: Keras models may hold code; weights do not"
                assert called not in ("eval", "exec", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"), path
                if called == "yaml.load" and len(node.args) > 1:  # of one argument: a ruamel.yaml object, which is safe
                    assert ast.unparse(node.args[1]) == "yaml.CSafeLoader", path


@pytest.mark.slow
def test_a_pickle_in_place_of_arrays_is_refused_and_not_run(tmp_path: Path) -> None:
    from pipeline.core import files
    from pipeline.core.errors import UserError

    ran_it = tmp_path / "ran"
    code = f"import numpy as np\nclass E:\n  def __reduce__(self): return (open, ({str(ran_it)!r}, 'w'))\n"
    code += f"np.savez({str(tmp_path / 'x.npz')!r}, images=np.array([E()], dtype=object))"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(UserError, match="damaged"):
        files.read_npz(tmp_path / "x.npz")
    assert not ran_it.exists()


@pytest.fixture
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, with an empty bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        make_bucket = (
            "import boto3, sys, time\n"
            "s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1')\n"
            "for _ in range(100):\n"
            "    try: s3.create_bucket(Bucket='bucket'); break\n"
            "    except Exception: time.sleep(0.2)\n"
            "else: sys.exit('no bucket')\n"
        )
        address = f"http://127.0.0.1:{port}"
        subprocess.run([sys.executable, "-c", make_bucket, address], env=ENVIRONMENT | KEYS, check=True)
        yield address
    finally:
        server.terminate()
        server.wait()


KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folder", pytest.param("S3", marks=pytest.mark.full)])
def test_a_fresh_clone_pulls_everything_and_trains_nothing(
    project: Project, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    in_git(project)
    remote = str(tmp_path / "remote") if kind == "folder" else "s3://bucket/gan-vs-vae"
    project.ok("dvc", "remote", "add", "--default", "there", remote)
    if kind == "S3":
        project.ok("dvc", "remote", "modify", "there", "endpointurl", request.getfixturevalue("s3"))
    commit(project, "all")
    project.ok("dvc", "push", "--quiet", **KEYS)
    project.ok("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.ok("dvc", "pull", "--quiet", **KEYS)
    assert clone.would_run() == set()
    assert ran(clone.ok("python", "-m", "pipeline", "repro")) == set()
    drawn = tmp_path / "grid.png"
    clone.ok("python", "-m", "pipeline", "sample", "models/gan-0", "--count", "4", "--out", str(drawn))
    assert drawn.is_file()


@pytest.mark.slow
def test_two_at_once_in_one_tree_damage_nothing(project: Project) -> None:
    before = project.lock()
    command = ("dvc", "repro", "--force", "--single-item", "train_gan@gan-0")
    started = [project.start(*command) for _ in range(2)]
    said = [process.communicate()[1] for process in started]
    codes = sorted(process.returncode for process in started)
    assert codes[0] == 0, said
    if codes[1]:  # refused: DVC waits for its lock for a few seconds only
        assert "another process" in "".join(said).lower() or "lock" in "".join(said).lower()
    assert project.lock() == before
    assert ran(project.ok("dvc", "repro")) == set()


@pytest.mark.full
@pytest.mark.long
@pytest.mark.slow
def test_two_clones_with_one_cache_and_one_store_both_end_well(project: Project, tmp_path: Path) -> None:
    shared = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'runs.db'}"}
    clones = []
    for name in ("a", "b"):
        shutil.copytree(project.root, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns(".journal"))
        clone = Project(tmp_path / name)
        clone.ok("dvc", "cache", "dir", str(tmp_path / "cache"))
        clone.set({"models": {"gan": {"learning_rate": 0.002}}})
        clones.append(clone)
    started = [clone.start("dvc", "repro", "train_gan", **shared) for clone in clones]
    said = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert clones[0].lock() == clones[1].lock()
    for clone in clones:
        assert "nothing waits" in clone.ok("python", "-m", "pipeline", "sync", **shared)
        assert ran(clone.ok("dvc", "repro", "train_gan", **shared)) == set()


@pytest.mark.soak
def test_a_deleted_cache_is_made_again(project: Project) -> None:
    before = project.lock()
    shutil.rmtree(project.root / ".dvc" / "cache")
    shutil.rmtree(project.root / "samples")
    assert ran(project.ok("dvc", "repro", "sample")) >= {"sample@vae-0", "sample@gan-0"}
    assert project.lock() == before


@pytest.mark.slow
def test_a_read_only_tree_is_one_sentence(project: Project) -> None:
    unshare = project.with_own_mounts()
    mount = 'mount --bind . . && cd "$PWD" && mount -o remount,bind,ro . && exec python -m stages.sample gan-0'
    done = project.run(*unshare, mount)
    assert done.returncode == 1
    *others, sentence = done.stderr.splitlines()
    assert sentence.startswith("error: samples/")
    assert "no permission to write here (Read-only file system)" in sentence
    assert all(line.startswith("tracking: ") for line in others)
