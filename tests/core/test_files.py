from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.core import files
from pipeline.core.errors import UserError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old\n")
    with pytest.raises(RuntimeError), files.atomic_write(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old\n"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_never_replaces_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis").mkdir()
    monkeypatch.chdir(tmp_path / "thesis")
    for target in (tmp_path / "thesis", "."):
        with pytest.raises(UserError, match="must be a file; got a folder"):
            files.write_text(target, "x")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "thesis"]


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with files.atomic_write(tmp_path / "folder") as part:
            part.mkdir()
            (part / name).touch()
    assert names(tmp_path) == ["folder"]
    assert names(tmp_path / "folder") == ["new"]


def test_what_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.part").mkdir()
    files.write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == ["a.txt"]


def test_arrays_come_back_and_their_bytes_are_stable(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.ones(2)}
    for name in ("one.npz", "two.npz"):
        files.write_npz(tmp_path / name, arrays)
    read = files.read_npz(tmp_path / "one.npz")
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())
    assert files.sha256(tmp_path / "one.npz") == files.sha256(tmp_path / "two.npz")


def test_the_bytes_of_an_npz_hold_nothing_of_python_or_the_machine(tmp_path: Path) -> None:
    files.write_npz(tmp_path / "a.npz", {"a b/c": np.arange(6, dtype="<u1").reshape(2, 3), "d": np.ones(2, "<f4")})
    content = (tmp_path / "a.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["a b/c.npy", "d.npy"]
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in entries)
    assert all(entry.extra == b"" for entry in entries)  # np.savez's differ between 3.11.2 and 3.11.7
    local, central, end = 30, 46, 22  # bytes of a zip's three kinds of header, without names: APPNOTE 4.3
    names = sum(len(entry.filename) for entry in entries)
    assert len(content) == sum(entry.file_size for entry in entries) + 2 * (local + central + names) + end


def test_pickles_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError, match="damaged"):
        files.read_npz(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UserError, match="damaged"):
        files.read_npz(path)


@pytest.mark.parametrize("kept", [0, 10, 200])
def test_a_file_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.npz"
    files.write_npz(path, {"a": np.arange(100)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"a.npz: damaged"):
        files.read_npz(path)


def test_a_table_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    rows = [{"step": 1, "loss": 0.1 + 0.2}, {"step": 2, "loss": 1e-300}]
    files.write_csv(tmp_path / "a.csv", ["step", "loss"], rows)
    table = files.read_csv(tmp_path / "a.csv")
    assert table["loss"].tolist() == [0.1 + 0.2, 1e-300]
    files.write_csv(tmp_path / "empty.csv", ["step"], [])
    assert files.read_csv(tmp_path / "empty.csv")["step"].shape == (0,)


@pytest.mark.parametrize("text", ["", "a,b\n1\n", "a\nx\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match="expected a CSV of numbers"):
        files.read_csv(tmp_path / "a.csv")


def test_json_refuses_what_json_has_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(UserError, match="expected JSON"):
        files.read_json(tmp_path / "b.json")


@pytest.mark.parametrize("array", [np.zeros((3, 28, 28)), np.zeros((3, 28), np.uint8), np.zeros((3, 27, 28), np.uint8)])
def test_arrays_of_another_shape_or_type_are_refused(array: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"x.npz: expected images uint8 \[N, 28, 28\]; got"):
        files.check_array("x.npz", "images", array, "uint8", (None, 28, 28))
