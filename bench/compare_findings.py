"""Our findings beside the peers', on the same images and the same advisories, difference by difference with its reason.

    python bench/compare_findings.py [REF ...] [--peers DIR] [--out FILE] [--list]

Without REF: the images of worn.py (old packages, made of the feeds), and `big`. Every peer gets a database made of our
feeds (peerdbs.py). ASSAY_GRYPE, ASSAY_OSV_SCANNER or PATH say where the peers are. What nothing explains is listed.
"""

import argparse
import posixpath
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import findings
import peerdbs
import peers
import trivydb
import worn
from differences import OURS, THEIRS
from finding_kinds import KINDS, VERDICT, Case, Records, explain
from findings import Findings, Names
from images import SHARED, find_image
from kinds import UNEXPLAINED
from run import database

SAMPLES = 2
"""Examples given for each kind and peer."""
Explained = list[tuple[Case, str]]
Reader = Callable[[peers.Peer, str, Path, Path, Names], Findings]
READERS: dict[str, tuple[Reader, str]] = {
    "grype": (findings.grype, "grype/database.tar.gz"),
    "osv-scanner": (findings.osv_scanner, "osv"),
    "trivy": (findings.trivy, "trivy"),
}
"""How each peer is run, and its database within the working folder."""


def differences(ours: Findings, theirs: Findings, records: Records) -> Explained:
    """Everything that one names and the other does not, or judges otherwise."""
    mine, other = set(ours.found), set(theirs.found)
    sides = (
        *((OURS, match) for match in sorted(mine - other)),
        *((THEIRS, match) for match in sorted(other - mine)),
        *((VERDICT, match) for match in sorted(mine & other) if ours.found[match].status != "affected"),
    )
    told: Explained = []
    for side, match in sides:
        ids = (theirs if side == THEIRS else ours).found[match].ids
        case = Case(side, match, ours, theirs, records.of(ids, match))
        told.append((case, explain(case)))
    return told


def numbers(name: str, ours: Findings, theirs: Findings, explained: Explained) -> list[str]:
    """Rows of the table of numbers: one an ecosystem."""
    rows = []
    for ecosystem in sorted({match.package.ecosystem for match in (*ours.found, *theirs.found)}):
        mine = {m for m in ours.found if m.package.ecosystem == ecosystem}
        other = {m for m in theirs.found if m.package.ecosystem == ecosystem}
        here = [(case, kind) for case, kind in explained if case.match.package.ecosystem == ecosystem]
        told = Counter(case.side for case, _ in here)
        opened = sum(kind == UNEXPLAINED for _, kind in here)
        figures = (len(mine & other) - told[VERDICT], told[OURS], told[THEIRS], told[VERDICT], opened)
        rows.append(f"| {name} | {theirs.label} | {ecosystem} | " + " | ".join(map(str, figures)) + " |")
    return rows


def reasons(name: str, label: str, explained: Explained) -> list[str]:
    """Rows of the table of reasons: one a kind, side and ecosystem, with samples."""
    groups: dict[tuple[str, str, str], list[Case]] = defaultdict(list)
    for case, kind in explained:
        groups[case.side, case.match.package.ecosystem, kind].append(case)
    rows = []
    for (side, ecosystem, kind), cases in sorted(groups.items()):
        samples = "; ".join(f"`{c.match.package}` {c.match.vulnerability}" for c in cases[:SAMPLES])
        verdicts = ", ".join(f"{n} {s}" for s, n in sorted(Counter(c.status for c in cases if c.status).items()))
        rows.append(f"| {name} | {label} | {ecosystem} | {side} | {len(cases)} | {kind} | {verdicts} | {samples} |")
    return rows


def main() -> None:
    """Run, explain, write the page. The exit code is 1 when a difference stays unexplained."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("references", nargs="*", metavar="REF")
    parser.add_argument("--peers", type=Path, help="an environment that has the peers' programs")
    parser.add_argument("--out", type=Path, default=peers.ROOT / "docs" / "explanation" / "comparison-findings.md")
    parser.add_argument("--work", type=Path, default=peers.CACHE / "findings")
    parser.add_argument("--db", type=Path, help="our database of the same feeds (else it is built)")
    parser.add_argument("--list", action="store_true", help="print every difference")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = peerdbs.records(SHARED / "data" / "advisories")
    peerdbs.osv_scanner(rows, given.work / "osv")
    peerdbs.grype(rows, given.work / "grype" / "database.tar.gz")
    trivydb.write(rows, given.work / "trivy")
    images = [(r, posixpath.basename(r.rstrip("/")).partition(":")[0]) for r in given.references]
    if not images:
        layout, name = find_image(None)
        images = [*worn.build(rows, given.work / "images"), (f"oci-dir:{layout}", name)]
    found = newest(peers.find(given.peers, READERS))
    known, records, own = findings.names(rows), Records(rows), given.db or database()
    if own is None:
        sys.exit("no advisory database: the shared feeds are not here")
    figures, causes, opened, kinds = [], [], [], Counter[str]()
    for target, name in images:
        ours = findings.ours(target, own, given.work / f"{name}.assay.json")
        for peer in found:
            read, place = READERS[peer.tool]
            out = given.work / f"{name}.{peer.tool}-{peer.version}.json"
            theirs = read(peer, target, given.work / place, out, known)
            explained = differences(ours, theirs, records)
            figures += numbers(name, ours, theirs, explained)
            causes += reasons(name, peer.label, explained)
            kinds.update(kind for _, kind in explained)
            opened += [f"- {name}, {peer.label}, {c.side}: `{c.match}`" for c, k in explained if k == UNEXPLAINED]
            if given.list:
                for case, kind in explained:
                    print(f"{name}\t{peer.label}\t{case.side}\t{case.match}\t{case.status}\t{kind}")
    text = page(figures, causes, opened, kinds, found)
    given.out.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(bool(opened))


def page(figures: list[str], causes: list[str], opened: list[str], kinds: Counter[str], found: list[peers.Peer]) -> str:
    """The whole page as Markdown."""
    labels = ", ".join(peer.label for peer in found) or "no peer could be had"
    lines = [
        "# The same advisories, matched by others",
        "",
        "<!-- Written by `bench/compare_findings.py`; do not edit. -->",
        "",
        f"Assay beside {labels}, each with a database made of the same feeds, so that a difference is one of reading "
        "packages and comparing versions, not of data. A vulnerability counts once for a package, under the id of its "
        "alias class. `worn` images hold packages that the feeds name, in versions at and around the edges of ranges "
        "(`bench/worn.py`). *Other verdict*: both name it, and we say undetermined or not affected, with a reason.",
        "",
        "| image | peer | ecosystem | same | only ours | only theirs | other verdict | unexplained |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *figures,
        "",
        "## Why",
        "",
        "| image | peer | ecosystem | side | how many | kind | our verdicts | samples |",
        "| --- | --- | --- | --- | ---: | --- | --- | --- |",
        *causes,
        "",
        "Unexplained:",
        "",
        *(opened or ["- nothing"]),
        "",
        "## The kinds, and who is right",
        "",
        "| kind | judgement | why |",
        "| --- | --- | --- |",
        *(f"| {name} | {kind.right} | {kind.why} |" for name, kind in KINDS.items() if name in kinds),
    ]
    return "\n".join(lines) + "\n"


def newest(found: list[peers.Peer]) -> list[peers.Peer]:
    """Of each tool the newest: what an old one gets wrong and a new one does not is no difference worth a reason."""
    best: dict[str, peers.Peer] = {}
    for peer in sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.version)]):
        best[peer.tool] = peer
    return [best[tool] for tool in sorted(best)]


if __name__ == "__main__":
    main()
