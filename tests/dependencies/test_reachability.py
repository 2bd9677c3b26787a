"""Go functions: what an advisory names, what a program holds, and what follows from it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies import reachability
from assay.dependencies.go_program import Functions, GoProgram, read_program, read_rust_program
from assay.dependencies.matching import Matches, match
from assay.dependencies.reachability import Place
from assay.formats.chunks import ChunkView
from assay.model.advisory import VulnerableCode
from assay.model.finding import Finding
from assay.model.inventory import Component, Occurrence
from assay.model.limits import DEFAULT_LIMITS
from dependencies.gotables import go_program
from dependencies.programs import elf
from fakes.advisories import MemoryStore, advisory

MODULE = "example.test/lib"
HTML = VulnerableCode(MODULE, f"{MODULE}/html", ("Node.Render", "Parse"))
LINKED = [f"{MODULE}/html.Parse", f"{MODULE}/html.(*Node).Render"]
OTHER = [f"{MODULE}/css.Parse", f"{MODULE}/html.ParseFragment"]


def program(*names: str, inlined: tuple[str, ...] = (), **more: str) -> GoProgram:
    data = go_program(names, inlined, modules=[MODULE], **more)
    found = read_program(ChunkView([data], where="app"), DEFAULT_LIMITS)
    assert found is not None
    return found


def module(*paths: str, kind: str = "build-info", name: str = MODULE) -> Component:
    return Component(
        key="k", purl=f"pkg:golang/{name}@v1.0.0", ecosystem="golang", name=name, version="v1.0.0",
        occurrences=tuple(Occurrence(path, 0, kind) for path in paths),
    )  # fmt: skip


def matched(item: Component, *code: VulnerableCode) -> Matches:
    record = advisory("GO-1", "Go", item.name, ("", "2.0.0"), code=code)
    return match([item], None, MemoryStore([record]))


def judged(item: Component, code: tuple[VulnerableCode, ...], programs: dict[str, GoProgram] | None) -> Finding:
    found = matched(item, *code)
    places: dict[Place, GoProgram] | None = None
    if programs is not None:
        places = {(0, path): one for path, one in programs.items()}
    (finding,) = reachability.apply(found.findings, found.code, [item], places)
    return finding


def verdict(program: GoProgram, *code: VulnerableCode) -> tuple[str, str]:
    finding = judged(module("app"), code or (HTML,), {"app": program})
    return finding.status, finding.reach.state if finding.reach else ""


def test_no_named_function_in_a_whole_table_is_not_affected() -> None:
    finding = judged(module("app"), (HTML,), {"app": program(*OTHER)})
    assert finding.reach is not None
    assert finding.status == "not_affected"
    assert (finding.reach.state, finding.reach.confidence) == ("not_linked", "strong")
    assert finding.reach.justification == "vulnerable_code_not_present"
    assert [step.says for step in finding.reasons if step.rung == "symbol"] == [
        "the flaw lies in 2 functions of example.test/lib/html; none of it is linked into app"
    ]


@pytest.mark.parametrize(
    "name",
    [
        f"{MODULE}/html.Parse",
        f"{MODULE}/html.Parse.func1",
        f"{MODULE}/html.Parse[...]",
        f"{MODULE}/html.Node.Render",
        f"{MODULE}/html.(*Node).Render",
        f"{MODULE}/html.(*Node).Render-fm",
        f"{MODULE}/html.(*Node[...]).Render",
        f"{MODULE}/html.(*Node[go.shape.struct {{ example.test/x.y int }}]).Render.func2",
    ],
)
def test_a_named_function_in_any_spelling_is_linked(name: str) -> None:
    assert verdict(program(name)) == ("affected", "linked")
    assert verdict(program(*OTHER, inlined=(name,))) == ("affected", "linked")


@pytest.mark.parametrize(
    "name", [f"{MODULE}/html.Parser", f"{MODULE}/html/x.Parse", f"{MODULE}/html.(*Nodes).Render", "net/html.Parse"]
)
def test_a_name_that_only_looks_alike_is_not_linked(name: str) -> None:
    assert verdict(program(name, *OTHER)) == ("not_affected", "not_linked")


def test_a_package_without_named_functions_is_asked_for_as_a_whole() -> None:
    assert verdict(program(*OTHER), VulnerableCode(MODULE, f"{MODULE}/css")) == ("affected", "linked")
    assert verdict(program(*OTHER), VulnerableCode(MODULE, f"{MODULE}/xml")) == ("not_affected", "not_linked")


def test_a_dot_in_the_last_element_is_escaped_by_the_linker() -> None:
    code = VulnerableCode("example.test/yaml.v2", "example.test/yaml.v2", ("Unmarshal",))
    item = module("app", name="example.test/yaml.v2")
    for name in ("example.test/yaml%2ev2.Unmarshal", "example.test/yaml.v2.Unmarshal"):
        finding = judged(item, (code,), {"app": program(name)})
        assert finding.reach is not None
        assert finding.reach.state == "linked"


def test_the_main_package_is_called_main() -> None:
    code = VulnerableCode("example.test/app", "example.test/app/cmd", ("serve",))
    item = module("app", name="example.test/app")
    item = msgspec.structs.replace(item, properties=(("go:main", "true"),))
    finding = judged(item, (code,), {"app": program("main.serve", main="example.test/app/cmd")})
    assert finding.reach is not None
    assert finding.reach.state == "linked"


def test_a_flaw_of_another_system_is_not_linked() -> None:
    code = msgspec.structs.replace(HTML, systems=("windows",))
    assert verdict(program(*LINKED), code) == ("not_affected", "not_linked")
    assert verdict(program(*LINKED), msgspec.structs.replace(HTML, systems=("linux",))) == ("affected", "linked")
    assert verdict(program(*LINKED), code, HTML) == ("affected", "linked")


def test_without_functions_in_the_advisory_nothing_is_lowered_or_looked_up() -> None:
    for code in ((), (VulnerableCode(MODULE),), (HTML, VulnerableCode(MODULE))):
        found = matched(module("app"), *code)
        assert reachability.wanted(found.findings, found.code, [module("app")]) == ()
        finding = judged(module("app"), code, {"app": program(*OTHER)})
        assert (finding.status, finding.reach) == ("affected", None)


@pytest.mark.parametrize(
    "doubtful",
    [
        pytest.param(program(*OTHER, toolchain="go1.12 gccgo 9"), id="gccgo"),
        pytest.param(program(*OTHER, modinfo="path\tx\nbuild\t-compiler=gccgo\n"), id="compiler"),
        pytest.param(program(*OTHER, *(f"x{n}yz/q{n}.F" for n in range(20))), id="rewritten names"),
        pytest.param(program("q7.F"), id="no function of the module"),
        pytest.param(msgspec.structs.replace(program(), doubt="its function table cannot be read"), id="table"),
        pytest.param(GoProgram(doubt="it has no function table"), id="no table"),
    ],
)
def test_a_doubtful_table_lowers_nothing(doubtful: GoProgram) -> None:
    assert verdict(doubtful) == ("affected", "unknown")


def unlisted(*names: str) -> GoProgram:
    """A program without module data, as Debian builds them."""
    data = go_program(names, modinfo="path\tx\nbuild\t-compiler=gc\n")
    found = read_program(ChunkView([data], where="app"), DEFAULT_LIMITS)
    assert found is not None
    return found


def test_without_recorded_modules_names_below_a_host_are_ordinary() -> None:
    plain = unlisted(*OTHER, *(f"github.com/a{n}/b.F" for n in range(200)))
    assert plain.doubt == ""
    assert verdict(plain) == ("not_affected", "not_linked")
    assert verdict(unlisted(*OTHER, *(f"x{n}yz/q{n}.F" for n in range(200)))) == ("affected", "unknown")
    assert "rewritten" in program(*OTHER, *(f"github.com/a{n}/b.F" for n in range(200))).doubt


def test_what_is_not_linked_is_not_affected_in_any_version() -> None:
    unclear = msgspec.structs.replace(module("app"), version="(devel)")
    finding = judged(unclear, (HTML,), {"app": program(*OTHER)})
    assert (finding.status, finding.reach and finding.reach.state) == ("not_affected", "not_linked")
    finding = judged(unclear, (HTML,), {"app": program(*LINKED)})
    assert (finding.status, finding.reach and finding.reach.state) == ("undetermined", "linked")


def test_a_damaged_table_is_a_doubt() -> None:
    data = bytearray(go_program(OTHER, modules=[MODULE]))
    data[data.rindex(b"html.ParseFragment\0") - 20 : data.rindex(b"html.ParseFragment\0") - 10] = b"\xff" * 10
    found = read_program(ChunkView([bytes(data)], where="app"), DEFAULT_LIMITS)
    assert found is not None
    assert "cannot be read" in found.doubt


def test_a_text_that_hides_one_name_in_another_is_met_before_go_1_16() -> None:
    """There a name may have other bytes before it: what merely ends like the function counts."""
    assert verdict(program(f"junk{MODULE}/html.Parse", layout="1.2")) == ("affected", "linked")
    assert verdict(program(*OTHER, layout="1.2")) == ("not_affected", "not_linked")


def test_every_program_and_place_must_agree() -> None:
    clean, bad = program(*OTHER), program(*LINKED)
    for programs, expected in (
        ({"a": clean, "b": clean}, "not_linked"),
        ({"a": clean, "b": bad}, "linked"),
        ({"a": clean}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
    ):
        finding = judged(module("a", "b"), (HTML,), programs)
        assert finding.reach is not None
        assert finding.reach.state == expected
        assert (finding.status == "not_affected") == (expected == "not_linked")


def test_a_module_seen_elsewhere_than_in_a_program_is_unknown() -> None:
    finding = judged(module("go.mod", kind="lock-file"), (HTML,), {"go.mod": program(*OTHER)})
    assert finding.reach is not None
    assert (finding.status, finding.reach.state) == ("affected", "unknown")


def test_a_record_of_the_same_database_without_functions_leaves_the_module_in_doubt() -> None:
    records = [
        advisory("GO-1", "Go", MODULE, ("", "2.0.0"), code=(HTML,), aliases=("CVE-2024-0001",)),
        advisory("GO-2", "Go", MODULE, ("", "2.0.0"), aliases=("CVE-2024-0001",)),
        advisory("GHSA-1", "Go", MODULE, ("", "2.0.0"), aliases=("CVE-2024-0001",)),
    ]
    assert not match([module("app")], None, MemoryStore(records)).code
    assert match([module("app")], None, MemoryStore([records[0], records[2]])).code


def test_names_that_do_not_inflate_are_no_names() -> None:
    assert not Functions(GoProgram(names=b"junk"), DEFAULT_LIMITS).has("a", "B")


@pytest.mark.parametrize("cut", [slice(0), slice(1), slice(-9)])
def test_no_function_is_missing_from_names_that_were_damaged(cut: slice) -> None:
    standard = VulnerableCode("stdlib", "net/url", ("Parse",))
    whole = program(*OTHER)
    damaged = msgspec.structs.replace(whole, names=whole.names[cut])
    for held, expected in ((whole, "not_linked"), (damaged, "unknown")):
        finding = judged(module("app", name="stdlib"), (standard,), {"app": held})
        assert finding.reach is not None
        assert finding.reach.state == expected
        assert (finding.status == "not_affected") == (held is whole)


def test_a_rust_function_that_is_seen_raises_and_its_absence_proves_nothing() -> None:
    path = "smallvec::SmallVec::insert_many"
    code = VulnerableCode("smallvec", "smallvec", (path,))
    item = module("app", name="smallvec")
    item = msgspec.structs.replace(item, ecosystem="cargo", version="1.0.0")
    record = advisory("RUSTSEC-1", "crates.io", "smallvec", ("", "2.0.0"), code=(code,))
    found = match([item], None, MemoryStore([record]))
    for names, state in (
        (f"_ZN8smallvec17SmallVec$LT$A$GT$11insert_many17h{'0' * 16}E", "linked"),
        (f"_ZN8smallvec4push17h{'0' * 16}E", "unknown"),
    ):
        data = elf(b"\0" + names.encode() + b"\0", section=b".strtab")
        seen = read_rust_program(ChunkView([data], where="app"), DEFAULT_LIMITS)
        assert seen is not None
        (finding,) = reachability.apply(found.findings, found.code, [item], {(0, "app"): seen})
        assert finding.reach is not None
        assert (finding.status, finding.reach.state) == ("affected", state)


names = st.sampled_from([*LINKED, *OTHER, f"{MODULE}/html.Node.Render", "net/http.Get"])
codes = st.sampled_from([HTML, VulnerableCode(MODULE), VulnerableCode(MODULE, f"{MODULE}/css"), VulnerableCode(MODULE, f"{MODULE}/html", ("Gone",))])  # fmt: skip


@given(st.lists(st.lists(names, max_size=3, unique=True), max_size=3), st.lists(codes, max_size=2), st.data())
def test_less_evidence_about_programs_never_turns_a_finding_into_not_affected(
    contents: list[list[str]], code: list[VulnerableCode], data: st.DataObject
) -> None:
    """5.2: take away a program, its table, its build settings or the advisory's functions: nothing becomes calm."""
    programs = {f"p{n}": program(*content) for n, content in enumerate(contents)}
    item = module(*programs)
    before = judged(item, tuple(code), programs)
    less = dict(programs)
    what = data.draw(st.sampled_from(["all", "program", "table", "system", "code"]))
    if what == "all":
        after = judged(item, tuple(code), None)
    elif what == "code":
        after = judged(item, tuple(msgspec.structs.replace(one, symbols=()) for one in code), programs)
        after = after if before.reach is None else judged(item, (), programs)
    elif less:
        place = data.draw(st.sampled_from(sorted(less)))
        one = less.pop(place)
        if what == "table":
            less[place] = msgspec.structs.replace(one, names=b"", doubt="it has no function table")
        elif what == "system":
            less[place] = msgspec.structs.replace(one, system="", architecture="")
        after = judged(item, tuple(code), less)
    else:
        return
    assert before.status == "not_affected" or after.status != "not_affected"
