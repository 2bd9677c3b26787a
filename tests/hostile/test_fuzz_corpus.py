"""The kept corpus of the fuzzer through every harness, without the fuzzer; and no parser without a harness."""

import pkgutil
import time

import pytest

import assay.formats
import store
from assay.dependencies.catalogers import TABLE as CATALOGUERS
from assay.dependencies.versions.table import SCHEMES
from harnesses import TABLE, Harness, answers

WRITER, WINDOW = "writes", "the shop window of modules that are covered"
WITHOUT: dict[str, str] = {
    "advisory_statement": "asked with a statement that was verified",
    "answer": "words for findings",
    "authority_answers": WRITER,
    "certificates": WRITER,
    "collector": "no format",
    "comparison": WRITER,
    "csaf_tree": "asked by the reader of CSAF, on values",
    "csaf_vex_write": WRITER,
    "csaf_words": "a table of words",
    "cyclonedx": WINDOW,
    "cyclonedx_compositions": "asked by the reader of CycloneDX, on values",
    "cyclonedx_vex_write": WRITER,
    "cyclonedx_write": WRITER,
    "cyclonedx_xml": WINDOW,
    "cyclonedx_xml_write": WRITER,
    "difference": WRITER,
    "digests": "asked by the readers of predicates and SBOM facts",
    "edges": "asked by the readers of SBOMs, on values",
    "feeds": "a folder",
    "feeds.told": "values",
    "findings_csv": WRITER,
    "github_annotations": WRITER,
    "github_snapshot": WRITER,
    "gitlab": WRITER,
    "junit": WRITER,
    "openvex": WINDOW,
    "openvex_write": WRITER,
    "compressors": WRITER,
    "predicates": "a table of names",
    "purl_inference": "asked by `foreign`",
    "rebuilding": WRITER,
    "sarif": WRITER,
    "sbom_described": "values",
    "sbom_elements_spdx3": "asked by `sbom_elements`",
    "spdx": WINDOW,
    "spdx3": WINDOW,
    "spdx3_write": WRITER,
    "spdx_tagvalue": WINDOW,
    "spdx_tagvalue_write": WRITER,
    "spdx_write": WRITER,
    "stripdown": WRITER,
    "tarwrite": WRITER,
}
"""Modules of formats/ that need no harness, and why."""
ALWAYS = (b"", b"\0", b"\n", b"{}", b"[]", b"\xff" * 64, b"<a/>", b"0" * 600)
"""What every parser is asked beside the corpus."""
ROWS = {row.name: row for row in TABLE}


@pytest.mark.parametrize("row", TABLE, ids=ROWS)
def test_every_kept_input_has_an_answer(row: Harness) -> None:
    begun = time.process_time()
    inputs = [*store.read(row.name), *row.seeds(), *ALWAYS]
    for data in inputs:
        answers(row.check, data)
    assert time.process_time() - begun < 5


def test_harnesses_have_names_of_their_own() -> None:
    assert len(ROWS) == len(TABLE)


def test_the_corpus_is_small_and_belongs_to_harnesses() -> None:
    archives = list(store.FOLDER.glob("*"))
    assert {path.stem for path in archives} <= set(ROWS)
    assert {path.suffix for path in archives} == {".zip"}
    assert sum(path.stat().st_size for path in archives) < 2_000_000


def test_every_parser_has_a_harness() -> None:
    covered = set[str]().union(*(row.modules() for row in TABLE))
    modules = {m.name for m in pkgutil.walk_packages(assay.formats.__path__, "assay.formats.")}
    without = {f"assay.formats.{name}" for name in WITHOUT}
    assert modules - covered - without == set(), "a format without a harness: add a row to fuzz/harnesses"
    assert without & covered == set(), "no exception any more"


def test_every_cataloguer_and_every_scheme_has_a_harness() -> None:
    assert {f"cataloguer-{row.name}" for row in CATALOGUERS} <= set(ROWS)
    assert {f"version-{name}" for name in SCHEMES} <= set(ROWS)


def test_an_answer_is_one_of_the_five_errors_or_a_value() -> None:
    def broken(data: bytes) -> None:
        raise KeyError(data)

    with pytest.raises(KeyError):
        answers(broken, b"")
    assert answers(bytes.decode, b"x")


def test_an_archive_of_the_corpus_has_the_same_bytes_for_the_same_inputs(tmp_path) -> None:
    store.write("x", [b"b", b"a"], tmp_path)
    first = (tmp_path / "x.zip").read_bytes()
    store.write("x", [b"a", b"b", b"a"], tmp_path)
    assert (tmp_path / "x.zip").read_bytes() == first
    assert sorted(store.read("x", tmp_path)) == [b"a", b"b"]
    assert store.read("y", tmp_path) == []
