"""The layer cache may lose anything and never lies."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from assay.adapters.layercache import FolderLayerCache
from assay.model.limits import Limits


def cache(folder: Path, bound: int = 1 << 20) -> FolderLayerCache:
    return FolderLayerCache(folder, Limits(layer_cache_bytes=bound))


def files(folder: Path) -> list[Path]:
    return sorted((folder / "layers").iterdir())


def test_what_was_put_is_got_by_anyone(tmp_path: Path) -> None:
    cache(tmp_path).put("key", b"data")
    cache(tmp_path).put("empty", b"")
    assert cache(tmp_path).get("key") == b"data"
    assert cache(tmp_path).get("empty") == b""
    assert cache(tmp_path).get("other") is None


def test_the_last_put_wins(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put("key", b"old")
    kept.put("key", b"new")
    assert kept.get("key") == b"new"
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("damage", range(6))
def test_a_damaged_record_is_no_record_and_goes(damage: int, tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put("key", b"some data")
    (path,) = files(tmp_path)
    good = path.read_bytes()
    path.write_bytes(
        [good[:-1], good + b"x", good[:-1] + b"X", b"", b"x" + good[1:], good[:30] + b"\0" + good[31:]][damage]
    )
    assert kept.get("key") is None
    assert not files(tmp_path)
    kept.put("key", b"again")
    assert kept.get("key") == b"again"


def test_a_record_under_another_key_is_no_record(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put("one", b"1")
    (one,) = files(tmp_path)
    kept.put("two", b"2")
    (two,) = (path for path in files(tmp_path) if path != one)
    one.replace(two)
    assert kept.get("two") is None


def test_a_link_in_place_of_a_record_is_not_followed(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put("key", b"data")
    (path,) = files(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert kept.get("key") is None


def test_the_oldest_goes_first_and_use_makes_young(tmp_path: Path) -> None:
    kept = cache(tmp_path, 10_000)
    for number in range(12):
        kept.put(str(number), bytes(900))
        for age, path in enumerate(sorted(files(tmp_path), key=lambda item: item.stat().st_mtime_ns)):
            os.utime(path, (1_000_000 + age, 1_000_000 + age))
        kept.get("0")
    kept.put("last", bytes(900))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 10_000
    assert kept.get("0") is not None
    assert kept.get("last") is not None
    assert kept.get("1") is None


def test_a_record_too_large_for_the_bound_is_not_kept(tmp_path: Path) -> None:
    kept = cache(tmp_path, 10_000)
    kept.put("key", bytes(2_000))
    assert kept.get("key") is None


def test_abandoned_temporary_files_go(tmp_path: Path) -> None:
    kept = cache(tmp_path, 10_000)
    kept.put("a", b"1")
    old, fresh = tmp_path / "layers" / ".new-old", tmp_path / "layers" / ".new-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    cache(tmp_path, 10_000).put("b", b"2")
    assert not old.exists()
    assert fresh.exists()


def test_the_folder_is_private_and_a_public_one_is_not_used(tmp_path: Path) -> None:
    cache(tmp_path / "mine").put("key", b"data")
    assert (tmp_path / "mine" / "layers").stat().st_mode & 0o777 == 0o700
    public = tmp_path / "public" / "layers"
    public.mkdir(parents=True)
    public.chmod(0o777)
    cache(tmp_path / "public").put("key", b"data")
    assert cache(tmp_path / "public").get("key") is None
    assert not list(public.iterdir())


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_is_no_cache(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    kept = cache(tmp_path / place)
    kept.put("key", b"data")
    assert kept.get("key") is None


def test_a_folder_that_vanishes_is_a_miss(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    kept.put("key", b"data")
    for path in files(tmp_path):
        path.unlink()
    (tmp_path / "layers").rmdir()
    assert kept.get("key") is None
    kept.put("key", b"data")


def _value(key: int) -> bytes:
    return bytes([key]) * (1000 + key)


def _busy(folder: Path, rounds: int) -> None:
    kept = cache(folder, 60_000)
    for number in range(rounds):
        key = number % 90
        kept.put(str(key), _value(key))
        found = kept.get(str((key * 7) % 90))
        if found is not None and found != _value((key * 7) % 90):
            os._exit(9)


def test_two_processes_and_a_kill_leave_only_true_records(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    steady = [context.Process(target=_busy, args=(tmp_path, 400)) for _ in range(2)]
    victim = context.Process(target=_busy, args=(tmp_path, 10_000_000))
    for process in (*steady, victim):
        process.start()
    steady[0].join()
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    for process in (*steady, victim):
        process.join()
    assert [process.exitcode for process in (*steady, victim)] == [0, 0, -signal.SIGKILL]
    kept = cache(tmp_path)
    found = {key: kept.get(str(key)) for key in range(90)}
    assert any(found.values())
    assert all(data is None or data == _value(key) for key, data in found.items())
