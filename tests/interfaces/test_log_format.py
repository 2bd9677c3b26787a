"""`--log-format json`: what stands on standard error is for programs, line by line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from assay.interfaces.cli.loglines import JsonLines, line_of
from command import assay

BOM = b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}'


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_progress_is_json_and_data_is_not_touched(tmp_path: Path) -> None:
    bom = tmp_path / "a.cdx.json"
    bom.write_bytes(BOM)
    words = ("scan", f"sbom:{bom}", "--no-policy", "-o", "csv")
    plain, done = assay(*words, home=tmp_path), assay(*words, "--log-format", "json", home=tmp_path)
    assert (done.code, done.out) == (plain.code, plain.out)
    lines = told(done.err)
    assert [line["message"] for line in lines] == [line.removeprefix("· ") for line in plain.err.splitlines()]
    assert {line["level"] for line in lines} <= {"info", "warning"}


def test_an_error_is_json_and_keeps_its_exit_code(tmp_path: Path) -> None:
    done = assay("scan", "sbom:nowhere.json", "--log-format", "json", home=tmp_path)
    assert done.code == 2
    (line,) = told(done.err)
    assert (line["level"], line["kind"]) == ("error", "usage")
    assert "nowhere.json" in line["message"]


@pytest.mark.parametrize("words", [("-o", "nope"), ("--eol-within", "-1")])
def test_usage_is_json_too(words: tuple[str, ...], tmp_path: Path) -> None:
    """Only an option that does not exist is told as text: then nothing of the line has been read."""
    done = assay("scan", "--log-format", "json", "dir:.", *words, home=tmp_path)
    assert done.code == 2
    assert told(done.err)[-1]["level"] == "error"


def test_a_traceback_is_json_too(tmp_path: Path) -> None:
    done = assay("scan", "sbom:nowhere.json", "-vv", "--log-format", "json", home=tmp_path)
    assert any(line["message"].startswith("Traceback") for line in told(done.err))


def test_words_that_only_look_like_an_error_are_warnings() -> None:
    assert line_of("assay: --fail-on: 3 findings were not judged").level == "warning"
    assert line_of("assay: warning: old: very").message == "old: very"
    assert line_of("lost: a thing").level == "info"


def test_what_is_no_text_and_what_is_no_line_are_told_too() -> None:
    beneath = io.StringIO()
    stream = JsonLines(beneath)
    stream.write("assay: usage: no file a\udcff\nthe en")
    stream.write("d")
    stream.close()
    assert [line["message"] for line in told(beneath.getvalue())] == ["no file a\\udcff", "the end"]
    assert not beneath.closed
