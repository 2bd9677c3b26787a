"""Go source trees: go.mod, and go.sum beside it."""

import pytest

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import File, Fragment, Sighting
from assay.dependencies.catalogers.go_mod import CATALOGUER
from assay.dependencies.chooser import run
from assay.model.inventory import Component
from assay.model.limits import DEFAULT_LIMITS

H1 = "h1:" + "A" * 43 + "="


def saw(path: str, text: str, *, installed: bool = False) -> Sighting:
    data = text.encode()
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed)
    return Sighting(cataloguer="go-mod", path=path, layer=None, removed_by=None, fragment=run(CATALOGUER, file))


def tree(**files: str) -> Assembled:
    return assemble([saw(f"app/go.{name}", text) for name, text in files.items()], (), installed=False)


def by_name(found: Assembled) -> dict[str, Component]:
    return {component.name: component for component in found.components}


def test_direct_and_indirect_needs_are_told_apart() -> None:
    found = by_name(
        tree(
            mod='module x\ngo 1.21\nrequire "a.example/a" v1.0.0\nrequire (\n  b.example/b v2.0.0 // indirect; was tidy\n'
            "  // a comment\n  `c.example/c/v3` v3.1.0+incompatible // why\n)\ntool a.example/a/cmd\n"
        )
    )
    assert ("go:direct", "true") in found["a.example/a"].properties
    assert ("go:indirect", "true") in found["b.example/b"].properties
    assert found["c.example/c/v3"].purl == "pkg:golang/c.example/c/v3@v3.1.0%2Bincompatible"
    assert (found["stdlib"].version, found["stdlib"].occurrences[0].confidence) == ("1.21", "weak")


def test_replacements_are_what_is_built_and_folders_are_weak() -> None:
    found = by_name(
        tree(
            mod="require a.example/a v1.0.0\nrequire b.example/b v1.0.0\n"
            "replace a.example/a => f.example/a v1.0.1\nreplace b.example/b v1.0.0 => ../b\n"
        )
    )
    assert set(found) == {"f.example/a", "b.example/b"}
    assert ("go:replaces", "a.example/a@v1.0.0") in found["f.example/a"].properties
    assert ("go:replaced-by", "../b") in found["b.example/b"].properties
    assert found["b.example/b"].occurrences[0].confidence == "weak"


def test_an_excluded_version_is_not_the_one_that_is_built() -> None:
    (component,) = tree(mod="require a.example/a v1.0.0\nexclude a.example/a v1.0.0\n").components
    assert (component.version, ("go:excluded", "v1.0.0") in component.properties) == ("", True)


@pytest.mark.parametrize(("language", "names"), [("1.16", {"a", "b", "stdlib"}), ("1.17", {"a", "stdlib"})])
def test_checksums_name_indirect_modules_only_where_go_mod_does_not(language: str, names: set[str]) -> None:
    found = by_name(
        tree(mod=f"go {language}\nrequire a v1.0.0\n", sum=f"a v1.0.0 {H1}\na v1.0.0/go.mod {H1}\nb v2.0.0 {H1}\n")
    )
    assert set(found) == names
    assert ("go:h1", H1) in found["a"].properties
    assert [place.path for place in found["a"].occurrences] == ["app/go.mod", "app/go.sum"]
    assert ("go:complete", "true") not in found["a"].properties


def test_a_complete_list_speaks_for_its_own_folder_only() -> None:
    other = saw("lib/go.sum", f"b v2.0.0 {H1}\n")
    found = assemble([saw("app/go.mod", "go 1.22\n"), other], (), installed=False)
    assert set(by_name(found)) == {"stdlib", "b"}


@pytest.mark.parametrize(
    "line", ["require a.example/a", "replace a v1 b v1", "exclude a", "go", "frobnicate x", "require a v1 v2", "toolchain"]
)  # fmt: skip
def test_a_line_go_would_refuse_is_a_gap_and_the_rest_is_read(line: str) -> None:
    found = tree(mod=f"require b.example/b v1.0.0\n{line}\n")
    assert set(by_name(found)) == {"b.example/b"}
    assert "line 2" in found.gaps[0].reason


def test_checksum_lines_that_are_none_are_counted() -> None:
    assert tree(sum=f"a v1.0.0 {H1}\n<<<<<<< HEAD\nb v1 h1:x\n").gaps[0].reason == "2 lines are no checksums"


def test_in_an_image_both_are_wishes() -> None:
    assert saw("go.mod", "require a v1.0.0\n", installed=True).fragment == Fragment()


def test_blocks_without_end_and_long_lines_end_fast() -> None:
    saw("go.mod", "require (\n" * 20_000 + '"' * 100_000 + "\n" + "a " * 100_000)
    saw("go.sum", "a " * 500_000)
