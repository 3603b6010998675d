"""Files and folders of images, good ones and hostile ones. Nothing of them is executed, and no bomb is unpacked."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.data import containers

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, "PNG")
    return file.getvalue()


def folder(path: Path) -> None:
    for number, image in enumerate(IMAGES):
        place = path / f"class {number // 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.png").write_bytes(png(image, "RGB" if number else None))
        (place / f"._{number}.png").write_bytes(b"what macOS puts there")
    (path / "folder.png").mkdir()


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, image in enumerate(IMAGES):
            archive.writestr(f"../../digits/{number}.png", png(image))  # a name that leaves the folder is only a name
        archive.writestr("__MACOSX/digits/._0.png", b"not a picture")
        archive.writestr("folder.png/", b"")
        archive.writestr("readme.txt", "nothing")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", lambda path: np.save(path, IMAGES)),
        ("a.npz", lambda path: np.savez(path, IMAGES)),
        ("b.npz", lambda path: np.savez_compressed(path, labels=np.zeros(3), images=IMAGES, other=IMAGES[:1])),
        ("c.npz", lambda path: np.savez(path, labels=np.zeros((3, 10)), made=IMAGES.reshape(3, 784))),
        ("d.npz", lambda path: np.savez(path, meta=np.array([{}], dtype=object), images=IMAGES)),
        ("folder", folder),
        ("a.zip", zipped),
    ],
)
def test_every_kind_gives_the_images(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    np.testing.assert_array_equal(containers.read(tmp_path / name).array.reshape(-1, 28, 28), IMAGES)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


class Trap:
    """Made again by pickle, it leaves a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def trap(path: Path) -> None:
    np.save(path, np.array([Trap(path.with_name("sprung"))], dtype=object), allow_pickle=True)


def trap_in_npz(path: Path) -> None:
    np.savez(path, images=np.array([Trap(path.with_name("sprung"))], dtype=object), allow_pickle=True)


def endless(path: Path) -> None:
    """A header that speaks of a terabyte."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 28, 28)})


def short(path: Path) -> None:
    np.save(path, IMAGES)
    path.write_bytes(path.read_bytes()[:-100])


def bomb(path: Path) -> None:
    """A PNG of 100,000 x 100,000 pixels in few bytes, whose head alone is read."""
    path.mkdir()
    head = (100_000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")]
    parts = [len(d).to_bytes(4) + kind + d + zlib.crc32(kind + d).to_bytes(4) for kind, d in chunks]
    (path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(50_000_000))


def in_folder(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.mkdir()
        (path / "a.png").write_bytes(content)

    return write


def link_out(path: Path) -> None:
    path.mkdir()
    path.with_name("secret.png").write_bytes(png(IMAGES[0]))
    (path / "a.png").symlink_to(path.with_name("secret.png"))


def encrypted(path: Path) -> None:
    """The bit that says so, in both of a zip's heads of its member."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", png(IMAGES[0]))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


def rarely_packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", png(IMAGES[0]))


def link_to_nothing(path: Path) -> None:
    path.mkdir()
    (path / "a.png").symlink_to(path / "b")


COLOURED = np.stack([IMAGES[0], IMAGES[1], IMAGES[2]], axis=2)
TRANSPARENT = np.dstack([IMAGES[0], IMAGES[0], IMAGES[0], np.full((28, 28), 9, np.uint8)])


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("none.npz", lambda _: None, "there is no such file"),
        ("a.pkl", lambda path: path.write_bytes(b"x"), "expected an .npy.*got a file that ends in '.pkl'"),
        ("a.npy", trap, "got Python objects, which are never loaded"),
        ("a.npz", trap_in_npz, "expected an array of images.*it holds allow_pickle, images|it holds .*images"),
        ("a.npy", endless, "expected at most 100,000 images .*; got 784,000 MB"),
        ("a.npy", short, "damaged"),
        ("a.npy", lambda path: path.write_bytes(b"no array"), "expected a NumPy array"),
        ("a.npy", lambda path: path.write_bytes(b""), "expected a NumPy array"),
        ("a.npz", lambda path: path.write_bytes(b"no zip"), "expected a zip that can be read"),
        ("a.npz", lambda path: np.savez(path, a=IMAGES, b=IMAGES), "got a, b; say which with --array NAME"),
        ("a.npz", lambda path: np.savez(path, labels=np.zeros(3)), r"it holds labels \[3\]"),
        ("empty", lambda path: path.mkdir(), "there are none"),
        ("a.zip", zip_bomb, "expected a PNG of at most 100,000 bytes; got 50,000,000"),
        ("bomb", bomb, "expected 28 x 28 pixels; got far more"),
        ("folder", in_folder(png(IMAGES[0][:20])), "expected 28 x 28 pixels; got 28 x 20"),
        ("folder", in_folder(png(COLOURED)), "expected a grey image; got colours"),
        ("folder", in_folder(png(TRANSPARENT)), "expected an opaque image"),
        ("folder", in_folder(png(IMAGES[0].astype(np.uint16))), "expected a grey PNG of 8 bits"),
        ("folder", in_folder(b"GIF89a"), "expected a PNG"),
        ("folder", in_folder(png(IMAGES[0])[:300]), "expected a PNG"),
        ("a.zip", encrypted, "expected a zip that can be read; got: .*encrypted"),
        ("a.zip", rarely_packed, "a.png: expected a member stored or deflated"),
        ("folder", link_out, "got a link out of it"),
        ("folder", link_to_nothing, "expected a PNG that can be read; got: No such file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, name: str, write: Callable[[Path], None], said: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(UserError, match=said):
        containers.read(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_whatever_is_flipped_in_a_file_ends_in_a_sentence_or_in_images(tmp_path: Path) -> None:
    """Of the kinds that unpack: each byte of the head, and some of the rest."""
    np.savez_compressed(tmp_path / "a.npz", images=np.zeros((3, 28, 28), np.uint8))
    zipped(tmp_path / "a.zip")
    for name in ("a.npz", "a.zip"):
        whole, refused = (tmp_path / name).read_bytes(), 0
        for at in range(0, len(whole), max(1, len(whole) // 400)):
            torn = bytearray(whole)
            torn[at] ^= 0xFF
            (tmp_path / name).write_bytes(torn)
            try:
                assert containers.read(tmp_path / name).array.size
            except UserError:
                refused += 1
        assert refused > 20


def test_one_of_several_arrays_can_be_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=IMAGES[:1], b=IMAGES)
    assert len(containers.read(tmp_path / "a.npz", "b").array) == 3
    with pytest.raises(UserError, match="expected an array 'c'; it holds a, b"):
        containers.read(tmp_path / "a.npz", "c")
    np.savez(tmp_path / "trap.npz", images=np.array([Trap(tmp_path / "sprung")], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="got Python objects, which are never loaded"):
        containers.read(tmp_path / "trap.npz", "images")
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(UserError, match="--array names an array"):
        containers.read(tmp_path / "a.npy", "c")
