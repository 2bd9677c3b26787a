"""Patterns that are compiled at their first use: they answer as compiled ones do, and all of the package's compile."""

import gc
import importlib
import pkgutil
import re
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.model.patterns import _FILLED, Lazy, lazy

WORDS = r"(?P<first>[a-z]+)-?([0-9]*)"


@given(st.text("aB-1 \n", max_size=20))
def test_a_lazy_pattern_answers_as_a_compiled_one(text: str) -> None:
    eager, late = re.compile(WORDS, re.IGNORECASE), lazy(WORDS, re.IGNORECASE)
    assert late.findall(text) == eager.findall(text)
    assert [found.span() for found in late.finditer(text)] == [found.span() for found in eager.finditer(text)]
    assert late.sub(r"\2", text) == eager.sub(r"\2", text)
    assert late.subn("x", text) == eager.subn("x", text)
    assert late.split(text, maxsplit=2) == eager.split(text, maxsplit=2)
    for name in ("match", "fullmatch", "search"):
        found, wanted = getattr(late, name)(text), getattr(eager, name)(text)
        assert (found and found.groups()) == (wanted and wanted.groups())


@pytest.mark.parametrize("name", _FILLED)
def test_whatever_is_asked_first_is_there(name: str) -> None:
    late, eager = lazy(WORDS.encode()), re.compile(WORDS.encode())
    assert callable(getattr(late, name)) == callable(getattr(eager, name))
    if not callable(getattr(eager, name)):
        assert getattr(late, name) == getattr(eager, name)


def test_nothing_is_compiled_before_the_first_use_nor_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[str, int]] = []
    real = re.compile

    def compile_(pattern: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append((pattern, flags))
        return real(pattern, flags)

    monkeypatch.setattr(re, "compile", compile_)
    late = lazy("a+", re.ASCII)
    assert compiled == []
    assert late.search("baa")
    assert late.fullmatch("aaa")
    assert compiled == [("a+", re.ASCII)]


def test_a_pattern_that_is_none_fails_when_it_is_used() -> None:
    with pytest.raises(re.error):
        lazy("(").match("x")
    with pytest.raises(AttributeError, match="no_such"):
        _ = lazy("a").no_such  # type: ignore[attr-defined]


def test_threads_that_use_it_first_together_all_get_answers() -> None:
    late, answers = lazy("a+b"), list[bool]()
    threads = [Thread(target=lambda: answers.append(late.match("aab") is not None)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


def test_every_lazy_pattern_of_the_package_compiles() -> None:
    """A slip of the pen fails here, not in a user's run."""
    for module in pkgutil.walk_packages(assay.__path__, "assay."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()  # what other tests made and dropped
    found = [one for one in gc.get_objects() if isinstance(one, Lazy)]
    assert len(found) > 120
    for one in found:
        pattern, flags = one._given
        assert re.compile(pattern, flags).pattern == pattern
