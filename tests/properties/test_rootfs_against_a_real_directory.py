"""Merging layers, asked backwards, against layers really applied to a directory one after another."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.artifact.layers import LayerScan, walk_layer
from assay.artifact.rootfs import hidden_by
from assay.model.limits import Limits
from fakes.tars import archive, cut

LAWS = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ("a", "b", "c")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
Item = tuple[str, str]
items = st.tuples(st.sampled_from(["file", "file", "file", "dir", "sym", "whiteout", "opaque"]), paths)


def consistent(layer: list[Item]) -> list[Item]:
    """What one real layer can hold: each path once, nothing below what is no directory."""
    kept: dict[str, str] = {}
    for kind, path in layer:
        if kind in ("whiteout", "opaque"):
            continue
        above = ["/".join(path.split("/")[:n]) for n in range(1, path.count("/") + 1)]
        if path in kept or any(kept.get(parent, "dir") != "dir" for parent in above):
            continue
        if kind != "dir" and any(other.startswith(path + "/") for other in kept):
            continue
        kept[path] = kind
    marks = [(kind, path) for kind, path in layer if kind in ("whiteout", "opaque")]
    # A mark makes the directory it lies in, so none may lie below a file of its own layer.
    solid = [path for path, kind in kept.items() if kind != "dir"]
    marks = [
        (kind, path)
        for kind, path in marks
        if not any(_folder(kind, path) == file or _folder(kind, path).startswith(file + "/") for file in solid)
    ]
    return [(kind, path) for path, kind in kept.items()] + marks


def _folder(kind: str, path: str) -> str:
    return path if kind == "opaque" else path.rpartition("/")[0]


def tar_of(layer: list[Item]) -> bytes:
    rows: list[tuple[str, str, bytes | str]] = []
    for kind, path in layer:
        folder, _, base = path.rpartition("/")
        if kind == "whiteout":
            rows.append((f"{folder}/.wh.{base}", "file", b""))
        elif kind == "opaque":
            rows.append((f"{path}/.wh..wh..opq", "file", b""))
        else:
            rows.append((path, kind, b"" if kind == "file" else "target"))
    return archive(rows)


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def make_folder(root: Path, path: str) -> Path:
    """The directory, replacing whatever else is in its way."""
    here = root
    for part in path.split("/") if path else []:
        here /= part
        if here.is_symlink() or not here.is_dir():
            remove(here)
            here.mkdir()
    return here


def apply(root: Path, layer: list[Item], number: int) -> None:
    """Whiteouts and opaque marks first, for they concern lower layers only; then what the layer brings."""
    for kind, path in layer:
        target = root / path
        reachable = all(not parent.is_symlink() for parent in [target, *target.parents][1:] if parent != root)
        if kind == "whiteout" and reachable:
            remove(target)
        elif kind == "opaque" and reachable and target.is_dir() and not target.is_symlink():
            remove(target)
            target.mkdir()
    for kind, path in layer:
        if kind == "dir":
            make_folder(root, path)
        elif kind in ("file", "sym"):
            target = make_folder(root, path.rpartition("/")[0]) / path.rpartition("/")[2]
            remove(target)
            target.write_text(str(number)) if kind == "file" else target.symlink_to("target")
        else:
            continue


def visible(root: Path) -> set[tuple[int, str]]:
    found = set()
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            found.add((int(file.read_text()), file.relative_to(root).as_posix()))
    return found


def scan(layer: list[Item]) -> LayerScan:
    return walk_layer(cut(tar_of(layer), 4096), lambda *_: None, lambda *_: None, Limits(), "layer")


@LAWS
@given(st.lists(st.lists(items, max_size=6).map(consistent), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_file_is_visible_exactly_if_it_is_in_the_merged_directory(layers: list[list[Item]], random: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number, layer in enumerate(layers):
            apply(root, layer, number)
        expected = visible(root)
    shuffled = [layer[:] for layer in layers]
    for layer in shuffled:
        random.shuffle(layer)  # type: ignore[attr-defined]  # the order inside a layer does not matter
    candidates = [(number, path) for number, layer in enumerate(layers) for kind, path in layer if kind == "file"]
    hidden = hidden_by([scan(layer) for layer in shuffled], candidates)
    assert {candidate for candidate, hider in hidden.items() if hider is None} == expected


@LAWS
@given(st.lists(st.lists(items, max_size=6).map(consistent), min_size=1, max_size=5))
def test_the_hider_is_the_first_layer_without_which_the_file_would_stay(layers: list[list[Item]]) -> None:
    scans = [scan(layer) for layer in layers]
    candidates = [(number, path) for number, layer in enumerate(layers) for kind, path in layer if kind == "file"]
    for candidate, hider in hidden_by(scans, candidates).items():
        if hider is not None:
            assert hider > candidate[0]
            assert hidden_by(scans[:hider], [candidate])[candidate] is None
            assert hidden_by(scans[: hider + 1], [candidate])[candidate] == hider
