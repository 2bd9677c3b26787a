"""Whether the code in which a flaw lies is in the programs: the advisory's functions against those of Go and Rust.

Sound evidence alone lowers a finding: the advisory names functions, every program that holds the module was read, its
table is whole and the standard compiler's, and none of the functions is in it. All else raises, or changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from assay.dependencies.go_program import Functions, GoProgram
from assay.dependencies.reasons import RUNGS
from assay.model.advisory import VulnerableCode
from assay.model.finding import Finding, Reach, Step
from assay.model.inventory import Component
from assay.model.limits import DEFAULT_LIMITS, Limits

Place = tuple[int | None, str]
"""A file: the layer it lies in (None for a directory), and its path."""
Code = Mapping[tuple[str, str], tuple[VulnerableCode, ...]]
"""(component, id) to where the flaw lies (`matching.Matches.code`)."""

_SYMBOLS_COUNT = 5
_PLACES = {rung: place for place, rung in enumerate(RUNGS)}
_SOURCE = "functions of the program"


def wanted(findings: Iterable[Finding], code: Code, components: Iterable[Component]) -> tuple[Place, ...]:
    """The programs to look into, sorted."""
    by_key = {component.key: component for component in components}
    found: set[Place] = set()
    for finding in findings:
        component = by_key.get(finding.component)
        if component is not None and _asked(finding, code):
            found.update((o.layer, o.path) for o in component.occurrences if o.kind == "build-info")
    return tuple(sorted(found, key=lambda place: (-1 if place[0] is None else place[0], place[1])))


def apply(
    findings: Sequence[Finding],
    code: Code,
    components: Iterable[Component],
    programs: Mapping[Place, GoProgram] | None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Finding, ...]:
    """The findings with what the programs say of them.

    Args:
        findings: of one inventory.
        code: where the flaws lie, as far as advisories say.
        components: of the inventory.
        programs: what was read of the places `wanted` gave; None where there is nothing to look into (an SBOM).
    """
    by_key = {component.key: component for component in components}
    tables = {place: (program, Functions(program, limits)) for place, program in (programs or {}).items()}
    return tuple(
        _with(finding, _reach(asked, by_key[finding.component], None if programs is None else tables))
        if (asked := _asked(finding, code)) and finding.component in by_key
        else finding
        for finding in findings
    )


def _asked(finding: Finding, code: Code) -> tuple[VulnerableCode, ...]:
    """Where the flaw of this finding lies; nothing where it may lie anywhere, or where there is nothing to lower.

    An undetermined version is no hindrance: code that is not there is not there in any version.
    """
    if finding.status == "not_affected" or finding.category != "vulnerability":
        return ()
    asked = code.get((finding.component, finding.id), ())
    return asked if all(item.path for item in asked) else ()


_Tables = Mapping[Place, tuple[GoProgram, Functions]]


def _reach(asked: Sequence[VulnerableCode], component: Component, tables: _Tables | None) -> Reach:
    what = _named(asked)
    if tables is None:
        return Reach(state="unknown", reason=f"{what}; an inventory does not tell whether it is linked, the image does")
    seen: set[str] = set()
    doubts: list[str] = []
    for place in component.occurrences:
        found = tables.get((place.layer, place.path)) if place.kind == "build-info" else None
        if found is None:
            doubts.append(f"{place.path} was not read as a program")
            continue
        program, functions = found
        here = _present(asked, program, functions)
        seen.update(here)
        doubt = "" if here else _doubt(component, program, functions)
        if doubt:
            doubts.append(f"{place.path}: {doubt}")
    programs = tuple(sorted({place.path for place in component.occurrences}))
    if seen:
        shown = tuple(sorted(seen))[:_SYMBOLS_COUNT]
        more = f" and {len(seen) - len(shown)} more" if len(seen) > len(shown) else ""
        reason = f"{', '.join(shown)}{more} linked, where the flaw lies"
        return Reach(state="linked", confidence="strong", symbols=shown, programs=programs, reason=reason)
    if doubts or not programs:
        doubt = doubts[0] if doubts else "no program is recorded"
        return Reach(state="unknown", programs=programs, reason=f"{what}; whether it is linked is unknown: {doubt}")
    return Reach(
        state="not_linked",
        justification="vulnerable_code_not_present",
        confidence="strong",
        programs=programs,
        reason=f"{what}; none of it is linked into {_few(programs)}",
    )


def _present(asked: Sequence[VulnerableCode], program: GoProgram, functions: Functions) -> set[str]:
    """What of it is in the program; of a package without named functions, the package."""
    found: set[str] = set()
    for item in asked:
        if _elsewhere(item.systems, program.system) or _elsewhere(item.architectures, program.architecture):
            continue
        paths = ("main", item.path) if item.path == program.main else (item.path,)
        if program.language == "rust":
            found.update(path for path in item.symbols if functions.has_path(path))
        elif item.symbols:
            found.update(f"{item.path}.{s}" for path in paths for s in functions.among(path, item.symbols))
        elif any(functions.has_package(path) for path in paths):
            found.add(item.path)
    return found


def _elsewhere(named: tuple[str, ...], own: str) -> bool:
    """Whether a flaw is limited to other systems than a program was built for."""
    return bool(named and own) and own not in named


def _doubt(component: Component, program: GoProgram, functions: Functions) -> str:
    """Why the absence of the functions proves nothing.

    A recorded module of which no function at all is there was either left out by the linker or renamed: nobody knows.
    """
    if program.doubt:
        return program.doubt
    if not functions.whole:
        return "what was kept of its names is damaged"
    if component.name != "stdlib" and ("go:main", "true") not in component.properties:
        names = {component.name, *(v.partition("@")[0] for k, v in component.properties if k == "go:replaces")}
        if not any(functions.has_module(name) for name in names):
            return "no function of the module is in it: left out, or renamed"
    return ""


def _named(asked: Sequence[VulnerableCode]) -> str:
    count = sum(len(item.symbols) for item in asked)
    paths = sorted({item.path for item in asked})
    where = ", ".join(paths[:2]) + (f" and {len(paths) - 2} more packages" if len(paths) > 2 else "")
    if not all(item.symbols for item in asked):
        return f"the flaw lies in {where}"
    one = next(s for item in asked for s in item.symbols)
    return f"the flaw lies in {f'function {one}' if count == 1 else f'{count} functions'} of {where}"


def _few(programs: Sequence[str]) -> str:
    return programs[0] if len(programs) == 1 else f"{programs[0]} and {len(programs) - 1} more"


def _with(finding: Finding, reach: Reach) -> Finding:
    """The finding with its rung, in its place; lowered only by what is not linked."""
    step = Step("symbol", reach.reason, _SOURCE if reach.programs else "")
    steps = sorted((*finding.reasons, step), key=lambda one: _PLACES.get(one.rung, len(_PLACES)))
    status = "not_affected" if reach.state == "not_linked" else finding.status
    return msgspec.structs.replace(finding, status=status, reach=reach, reasons=tuple(steps))
