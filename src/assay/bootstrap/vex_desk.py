"""The desk where VEX is written, joined, checked and explained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, TOOL, clock, read_file
from assay.bootstrap.vex import VexSearch, vex_door
from assay.model.errors import AssayError, MalformedError, UsageError
from assay.model.vex import VexStatement

if TYPE_CHECKING:
    from assay.dependencies.vex_explain import Explained
    from assay.dependencies.vex_lint import Flaw
    from assay.dependencies.vex_match import Miss
    from assay.model.inventory import Inventory
    from assay.model.report import Report
    from assay.settings import Settings


class Written(msgspec.Struct, frozen=True):
    """A document as it now reads, and what is wrong with what it says."""

    data: bytes
    changed: bool
    flaws: tuple[Flaw, ...]


def make_vex(said: VexStatement, *, into: str, identifier: str) -> Written:
    """Write a statement by hand: into a new OpenVEX document, or as the next version of the one at `into`.

    Said again unchanged, the document stays as it is, byte by byte. Times are the clock's.

    Raises:
        UsageError: the statement says too little, or the document has another author or id.
        MalformedError: the document is no OpenVEX.
    """
    from assay.dependencies.vex_lint import lint
    from assay.formats import openvex_edit, openvex_read, openvex_write
    from assay.formats.vex_words import profile_problem

    named = [text for product in said.products for text in (*product.identifiers, *product.subcomponents)]
    why = profile_problem(said) or ("a product or subcomponent is empty" if not all(map(str.strip, named)) else "")
    if why:
        raise UsageError("this is no VEX statement yet", why=why, remedy="see --help for the option that says it")
    now = clock().now()
    said = msgspec.structs.replace(said, timestamp=now)
    tooling = f"{TOOL.name} {TOOL.version}"
    if not into or not os.path.exists(into):
        if not said.author:
            raise UsageError("a new document needs an author", remedy="give --author")
        data = openvex_write.write_statements(
            (said,), author=said.author, timestamp=now, tooling=tooling, identifier=identifier
        )
        return Written(data, True, lint((said,), now=now, place=_place))
    before, name = read_file(into, LIMITS.vex_bytes), Path(into).name
    head, known = openvex_edit.head(before, name), openvex_read.read(before, name)
    for given, found, what in ((said.author, head.author, "author"), (identifier, head.id, "id")):
        if given and given != found:
            remedy = "write a document of your own and join them with `assay vex merge`"
            raise UsageError(f"the document has another {what}", where=name, why=f"{found[:100]!a}", remedy=remedy)
    mine = msgspec.structs.replace(said, author=head.author)
    if any(_same(mine, one) for one in known):
        return Written(before, False, lint(known, now=now, place=_place))
    statements = openvex_edit.with_statement(known, mine)
    data = openvex_edit.write_next(head, statements, timestamp=now, tooling=tooling)
    return Written(data, True, lint(statements, now=now, place=_place))


def _same(one: VexStatement, other: VexStatement) -> bool:
    """Whether two statements say the same, whenever and in whichever document."""
    blank = {"timestamp": "", "document": "", "digest": ""}
    return msgspec.structs.replace(one, **blank) == msgspec.structs.replace(other, **blank)


def _place(number: int) -> str:
    return f"$.statements[{number}]"


def read_vex(path: str) -> tuple[VexStatement, ...]:
    """The statements of a file of any form."""
    from assay.formats import vex

    return vex.read(read_file(path, LIMITS.vex_bytes), Path(path).name)


def merge_vex(paths: Sequence[str], author: str) -> tuple[VexStatement, ...]:
    """What several files say, once and in one order.

    Raises:
        UsageError: their authors differ, and nobody is named who publishes the whole.
    """
    from assay.dependencies.vex_merge import merge

    found = [said for path in paths for said in read_vex(path)]
    authors = sorted({said.author for said in found})
    if len(authors) > 1 and not author:
        listed = ", ".join(f"{name[:60]!a}" for name in authors[:5])
        raise UsageError("the documents have several authors", why=listed, remedy="name the publisher with --author")
    return merge(found, author)


def vex_document(said: Sequence[VexStatement], form: str, version: str = "") -> bytes:
    """Statements as one document (`openvex`, `csaf`, `cyclonedx-vex`), dated with the newest of them.

    Raises:
        MalformedError: a statement says less than the form asks for.
    """
    from assay.formats import csaf_vex_write, cyclonedx_vex_write, openvex_write

    author, when = said[0].author if said else "", max((one.timestamp for one in said), default="")
    if form == "openvex":
        return openvex_write.write_statements(
            said, author=author, timestamp=when, tooling=f"{TOOL.name} {TOOL.version}"
        )
    write = {"csaf": csaf_vex_write.write_statements, "cyclonedx-vex": cyclonedx_vex_write.write_statements}[form]
    usual = {"csaf": "2.0", "cyclonedx-vex": "1.6"}[form]
    return write(said, author=author, timestamp=when, tool=TOOL, version=version or usual)


def now() -> str:
    """The clock's time, RFC 3339 UTC."""
    return clock().now()


def lint_vex(path: str) -> tuple[Flaw, ...]:
    """Every flaw of a file, those that keep it from being read too."""
    from assay.dependencies.vex_lint import Flaw, lint
    from assay.formats.vex_flaws import examine

    name = Path(path).name
    data = read_file(path, LIMITS.vex_bytes)
    try:
        found = examine(data, name)
    except MalformedError as error:
        return (Flaw("$", "malformed", error.why or error.what),)
    unread = tuple(Flaw(place, code, says) for place, code, says in found.problems)
    places = [place for place, _ in found.statements]
    said = tuple(statement for _, statement in found.statements)
    return (*unread, *lint(said, now=clock().now(), place=lambda number: places[number]))


def explain_vex(
    paths: Sequence[str],
    inventories: Sequence[Inventory],
    reports: Sequence[Report],
    *,
    settings: Settings,
    trust: str = "",
    require_signature: bool = False,
) -> tuple[Explained, ...]:
    """For each statement of each file and each subject: that it matched, or the first field that failed.

    Args:
        paths: files of any form; with `require_signature` signed by someone the trust policy names.
        inventories: the subjects.
        reports: of the same subjects, no VEX applied.
        settings: for the trust policy.
        trust: file of the trust policy.
        require_signature: whether the files' signatures count, not the operator's word.
    """
    from assay.dependencies.vex_explain import explain

    now = clock().now()
    search = VexSearch(discover=False, trust=trust, require_signature=require_signature)
    rows: list[Explained] = []
    for inventory, report in zip(inventories, reports, strict=True):
        given = [(path, *_weighed(path, search, inventory, settings, now)) for path in paths]
        everything = [said for _, statements, miss in given for said in statements if miss is None]
        for path, statements, miss in given:
            name = Path(path).name
            rows += explain(name, statements, inventory, report.findings, now=now, others=everything, refused=miss)
    return tuple(rows)


def _weighed(
    path: str, search: VexSearch, inventory: Inventory, settings: Settings, now: str
) -> tuple[tuple[VexStatement, ...], Miss | None]:
    """A file's statements, and why they do not count at all; those out of the signer's scope are left out."""
    from assay.dependencies.vex_match import Miss

    if not search.require_signature:
        return read_vex(path), None
    with vex_door([path], search, settings, now) as door:
        documents, applied = door(inventory)
    if documents and documents[0].outcome == "applied":
        return applied, None
    why = documents[0].why if documents else "no VEX in it"
    scoped = bool(documents) and documents[0].code == "SCOPE"
    miss = Miss("author's scope" if scoped else "signature", why)
    try:
        return read_vex(path), miss
    except AssayError:  # an attestation around it: its statements cannot be read before it is believed
        return (VexStatement(vulnerability="(unread)", status="under_investigation"),), miss
