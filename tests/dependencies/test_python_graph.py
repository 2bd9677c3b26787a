"""The import graph of a Python program: what is reached, what is not, and when nobody can tell."""

from collections.abc import Mapping

import pytest

from assay.dependencies.importing import Arrival, ImportGraph, apply, carry, is_asked
from assay.dependencies.python_files import Gatherer, PythonLayer, tree
from assay.dependencies.python_graph import graph
from assay.dependencies.python_start import Command, start
from assay.model.finding import Finding, Imported, Step
from assay.model.inventory import Component, Occurrence
from assay.model.limits import DEFAULT_LIMITS, Limits

SITE = "usr/local/lib/python3.12/site-packages"
STANDARD = {"usr/local/lib/python3.12/json/__init__.py": "import pickle", "usr/local/lib/python3.12/os.py": ""}
LIBRARY = {
    f"{SITE}/lib/__init__.py": "from .core import run",
    f"{SITE}/lib/core.py": "import helper.deep",
    f"{SITE}/lib-1.dist-info/RECORD": "lib/__init__.py,,\nlib/core.py,sha256=x,3\n../../../bin/lib,,\n",
    f"{SITE}/helper/deep.py": "",
    f"{SITE}/helper-2.dist-info/RECORD": "helper/deep.py,,\n",
    f"{SITE}/other.py": "",
    f"{SITE}/other-3.dist-info/RECORD": '"other.py",,\n',
}
LIB, HELPER, OTHER = (f"{SITE}/{name}.dist-info" for name in ("lib-1", "helper-2", "other-3"))


def gathered(files: Mapping[str, str], limits: Limits = DEFAULT_LIMITS) -> PythonLayer:
    gatherer = Gatherer(limits)
    for path, text in files.items():
        data = text.encode()
        kind = gatherer.choose(path, data[:4], len(data), 0o755)
        if kind is not None:
            gatherer.take(kind, path, (data,), len(data), 0o755)
    return gatherer.found


def of(
    files: Mapping[str, str],
    *words: str,
    limits: Limits = DEFAULT_LIMITS,
    environment: tuple[tuple[str, str], ...] = (),
) -> ImportGraph:
    found = gathered({**STANDARD, **LIBRARY, **files}, limits)
    whole = tree([found], {(0, path): True for path in found.paths()})
    command = Command(words=words or ("python", "main.py"), working_dir="/app", environment=environment)
    return graph(start(command, whole.shebangs.get), whole, limits)


def test_packages_on_the_way_are_reached_and_the_chain_names_each_step() -> None:
    found = of({"app/main.py": "import json, os\nfrom lib import run"})
    assert found.reached == {
        LIB: Arrival(("app/main.py", "lib"), False),
        HELPER: Arrival(("app/main.py", "lib", "lib.core", "helper.deep"), False),
    }
    assert (found.doubts, found.reason, found.known) == ((), "", (HELPER, LIB, OTHER))


def test_an_import_in_a_function_may_happen() -> None:
    found = of({"app/main.py": "def f():\n    import lib\ntry:\n    import other\nexcept ImportError: pass"})
    assert {name: one.maybe for name, one in found.reached.items()} == {LIB: True, HELPER: True, OTHER: True}


def test_the_certain_way_is_shown_where_there_are_two() -> None:
    found = of({"app/main.py": "if x:\n    import lib\nimport step", "app/step.py": "import lib"})
    assert found.reached[LIB] == Arrival(("app/main.py", "step", "lib"), False)


@pytest.mark.parametrize(
    ("main", "doubt"),
    [
        ("importlib.import_module(x)", "app/main.py may import more than its statements say (import_module)"),
        ("from importlib import metadata\nmetadata.entry_points()", "(entry_points)"),
        ("exec(x)", "(exec)"),
        ("import pickle", "app/main.py uses pickle, which may import what a pickle names"),
        ("from logging import config", "app/main.py uses logging.config, which imports by name"),
        ("import subprocess", "may start other programs"),
        ("from lib import *", "imports * of package lib"),
        ("import fast", "app/fast is compiled, and may import anything"),
    ],
)
def test_other_ways_to_import_are_doubts(main: str, doubt: str) -> None:
    found = of({"app/main.py": main, "app/fast.cpython-312-x86_64-linux-gnu.so": ""})
    assert OTHER not in found.reached
    assert any(doubt in one for one in found.doubts)


@pytest.mark.parametrize(
    ("files", "doubt"),
    [
        ({f"{SITE}/x.pth": "import evil; evil.run()\n"}, "x.pth runs code before the program"),
        ({f"{SITE}/sitecustomize.py": ""}, "sitecustomize runs before the program"),
        ({"app/usercustomize.py": ""}, "usercustomize runs before the program"),
    ],
)
def test_what_runs_before_the_program_is_a_doubt(files: dict[str, str], doubt: str) -> None:
    assert any(doubt in one for one in of({"app/main.py": "", **files}).doubts)


def test_a_pth_file_adds_directories() -> None:
    found = of(
        {"app/main.py": "import far", f"{SITE}/far.pth": "# why\n/opt/more\n", "opt/more/far.py": "import other"}
    )
    assert found.reached[OTHER].chain == ("app/main.py", "far", "other")
    assert not found.doubts


def test_the_standard_library_is_not_followed_and_wins_over_installed_packages() -> None:
    found = of({"app/main.py": "import os", f"{SITE}/os.py": "import other"})
    assert (found.reached, found.doubts) == ({}, ())


def test_the_programs_own_module_wins_over_an_installed_one() -> None:
    assert of({"app/main.py": "import other", "app/other.py": ""}).reached == {}


def test_relative_imports_and_namespace_packages() -> None:
    files = {
        "app/pkg/sub/a.py": "from ..b import x\nfrom . import c",
        "app/pkg/b.py": "import other",
        "app/pkg/sub/c.py": "import helper.deep",
    }
    found = of(files, "python", "-m", "pkg.sub.a")
    assert set(found.reached) == {OTHER, HELPER}


def test_a_console_script_and_the_application_of_a_server() -> None:
    files = {
        "usr/local/bin/gunicorn": "#!/usr/local/bin/python3.12\nfrom other import run\n",
        "app/web.py": "import lib",
    }
    found = of(files, "gunicorn", "-w", "4", "web:app")
    assert set(found.reached) == {LIB, HELPER, OTHER}
    assert of(files, "gunicorn", "gone:app").reason == "module gone is not in the image"


def test_two_interpreters_are_a_doubt_unless_one_is_named() -> None:
    second = {"opt/venv/lib/python3.12/site-packages/x.py": "", "app/main.py": ""}
    path = (("PATH", "/opt/venv/bin:/usr/local/bin"),)
    assert of(second, environment=path).doubts == ("Python is installed in opt/venv and in usr/local",)
    assert of(second, "/usr/local/bin/python3", "main.py", environment=path).doubts == ()


def test_a_users_own_site_is_looked_into_first() -> None:
    own = "root/.local/lib/python3.12/site-packages"
    files = {"app/main.py": "import other", f"{own}/other.py": "import lib"}
    path = (("PATH", "/root/.local/bin:/usr/local/bin"),)
    found = of(files, environment=path)
    assert (set(found.reached), found.doubts) == ({LIB, HELPER}, ())


def test_distributions_without_a_record_are_found_by_their_top_level_names() -> None:
    files = {
        "app/main.py": "from old import x",
        f"{SITE}/old/__init__.py": "",
        f"{SITE}/old-1.egg-info/top_level.txt": "old\n_old\n",
    }
    assert f"{SITE}/old-1.egg-info" in of(files).reached


def test_too_much_is_not_followed() -> None:
    files = {"app/main.py": "import m0"} | {f"app/m{n}.py": f"import m{n + 1}" for n in range(60)}
    few = Limits(python_files_count=20)
    assert of(files, limits=few).reason == "a layer holds more than 20 files of Python"
    assert of(files, limits=Limits(python_imports_count=3)).doubts == ("more than 3 names are imported",)
    bytes_ = of(files, limits=Limits(python_followed_bytes=60))
    assert bytes_.doubts == ("more than 60 bytes of sources are imported",)
    kept = of(files, limits=Limits(python_kept_bytes=60))
    assert kept.reason == "a layer holds more than 60 bytes of Python, deflated"
    large = of({"app/main.py": "x" * 100}, limits=Limits(python_source_bytes=50))
    assert large.doubts == ("app/main.py may import more than its statements say (too large to be read)",)


def test_layers_hide_files_of_lower_ones() -> None:
    low, high = gathered({**LIBRARY, "app/main.py": "import lib"}), gathered({"app/main.py": "import other"})
    visible = {(0, path): path != "app/main.py" for path in low.paths()} | {(1, "app/main.py"): True}
    whole = tree([low, high], visible)
    found = graph(start(Command(words=("python", "/app/main.py")), whole.shebangs.get), whole)
    assert set(found.reached) == {OTHER}


FINDING = Finding(
    id="CVE-1", component="k", purl="pkg:pypi/lib@1", name="lib", version="1", advisory="PYSEC-1", feed="osv",
    matched_name="lib", matched_version="1", matched_range="< 2",
    reasons=(Step("installed", "lib 1"), Step("cvss", "high")),
)  # fmt: skip
PART = Component(
    key="k", purl="pkg:pypi/lib@1", ecosystem="pypi", name="lib", version="1",
    occurrences=(Occurrence(f"{LIB}/METADATA", 0, "package-metadata"),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("graph_", "state", "says"),
    [
        (ImportGraph(start="x", reached={LIB: Arrival(("main", "lib"), False)}), "imported", "imported: main → lib"),
        (ImportGraph(start="x", reached={LIB: Arrival(("main", "lib"), True)}), "imported", "is never met: main → lib"),
        (ImportGraph(start="x", known=(LIB,), files=3), "not_imported", "no import leads to it from x, in 3 files"),
        (ImportGraph(start="x", known=(LIB,), doubts=("a", "b")), "unknown", "but a, and 1 more doubts"),
        (ImportGraph(start="x"), "unknown", "which files are its own is not recorded"),
        (ImportGraph(start="x", reason="it is a shell"), "unknown", "unknown: it is a shell"),
    ],
)
def test_a_finding_says_what_the_graph_says_and_keeps_its_status(graph_: ImportGraph, state: str, says: str) -> None:
    (found,) = apply([FINDING], [PART], graph_)
    assert found.imported is not None
    assert (found.imported.state, found.status, found.suppressed) == (state, "affected", None)
    assert [step.rung for step in found.reasons] == ["installed", "import", "cvss"]
    assert says in found.imported.reason


def test_only_open_findings_on_installed_python_packages_are_asked_about() -> None:
    def replaced(**fields: object) -> list[Component]:
        return [Component(**{**{f: getattr(PART, f) for f in PART.__struct_fields__}, **fields})]

    assert is_asked([FINDING], [PART])
    assert not is_asked([FINDING], replaced(ecosystem="npm"))
    assert not is_asked([FINDING], replaced(removed_by=1))
    assert not is_asked([FINDING], replaced(occurrences=(Occurrence("poetry.lock", None, "lock-file"),)))
    assert apply([FINDING], [PART], None) == (FINDING,)
    assert apply([FINDING], replaced(removed_by=1), ImportGraph(start="x", known=(LIB,))) == (FINDING,)


def test_what_was_seen_is_carried_to_findings_of_a_later_match() -> None:
    graph_ = ImportGraph(start="x", reached={LIB: Arrival(("main", "lib"), False)})
    before = apply([FINDING], [PART], graph_)
    assert carry([FINDING], before) == before
    assert carry([FINDING], [FINDING]) == (FINDING,)


def test_the_strength_of_the_word() -> None:
    (found,) = apply([FINDING], [PART], ImportGraph(start="x", reached={LIB: Arrival(("main", "lib"), False)}))
    assert found.imported == Imported(
        state="imported", chain=("main", "lib"), confidence="strong", start="x", reason="imported: main → lib"
    )
