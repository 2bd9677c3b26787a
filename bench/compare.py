"""Our account of an image beside the peers', difference by difference, each with its reason.

    python bench/compare.py [REF ...] [--peers DIR] [--out FILE] [--list]

Without REF the benchmark images are taken (`big` and `debian`, built once where they can be built). Every contender
writes CycloneDX JSON of the same image; what only one side names is explained from evidence (differences.py), read
from the image's own files (imagefiles.py); what nothing explains is listed by name. --list prints every difference.
"""

import argparse
import os
import posixpath
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import identities
import imagefiles
import peers
from differences import OURS, THEIRS, Difference, explain
from identities import Account
from images import find_images
from kinds import KINDS, UNEXPLAINED
from witnesses import agreement

SAMPLES = 2
"""Examples given for each kind and peer."""
Others = list[tuple[peers.Peer, Account]]
Explained = list[tuple[Difference, str, str]]


def accounts(
    target: str, found: Iterable[peers.Peer], folder: Path
) -> tuple[Account, list[tuple[peers.Peer, Account]]]:
    """Run everybody on one image. A peer that fails is left out, and that is said."""
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / "assay.cdx.json"
    argv = [sys.executable, "-m", "assay", "sbom", target, "-q", "--no-cache", "-o", f"cyclonedx-json={own}"]
    subprocess.run(argv, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    others: Others = []
    for peer in found:
        out, cache = folder / f"{peer.tool}-{peer.version}.cdx.json", folder / "cache"
        out.unlink(missing_ok=True)
        peer.prepare(cache)
        argv, extra = peer.sbom(target, out, cache)
        try:
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **extra})
            others.append((peer, identities.read(peer.tool, out)))
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            print(f"{peer.label} on {target}: left out ({error})", file=sys.stderr)
    return identities.read("assay", own), others


def differences(ours: Account, theirs: Account, files: imagefiles.Files | None) -> Explained:
    """Everything that one of two accounts lacks, explained or not."""
    sides = ((OURS, ours.packages, theirs.packages), (THEIRS, theirs.packages, ours.packages))
    found = [
        Difference(side, identity, has[identity], ours, theirs, files)
        for side, has, lacks in sides
        for identity in sorted(has.keys() - lacks.keys())
    ]
    return [(difference, *explain(difference)) for difference in found]


def counts(label: str, ours: Account, theirs: Account, explained: Explained) -> list[str]:
    """Rows of the table of numbers: one an ecosystem."""
    rows = []
    for ecosystem in sorted(ours.ecosystems() | theirs.ecosystems()):
        mine = {i for i in ours.packages if i.ecosystem == ecosystem}
        other = {i for i in theirs.packages if i.ecosystem == ecosystem}
        open_ones = sum(d.identity.ecosystem == ecosystem and kind == UNEXPLAINED for d, kind, _ in explained)
        figures = (len(mine & other), len(mine - other), len(other - mine), open_ones)
        rows.append(f"| {label} | {ecosystem} | " + " | ".join(map(str, figures)) + " |")
    return rows


def reasons(label: str, explained: Explained) -> list[str]:
    """Rows of the table of reasons: one a kind, side and ecosystem, with samples."""
    groups: dict[tuple[str, str, str], list[tuple[Difference, str]]] = defaultdict(list)
    for difference, kind, detail in explained:
        groups[difference.side, difference.identity.ecosystem, kind].append((difference, detail))
    rows = []
    for (side, ecosystem, kind), members in sorted(groups.items()):
        if kind == UNEXPLAINED:
            continue
        samples = "; ".join(f"`{d.identity}` ({detail})" for d, detail in members[:SAMPLES])
        rows.append(f"| {label} | {ecosystem} | {side} | {len(members)} | {kind} | {samples} |")
    return rows


def section(
    target: str, name: str, found: list[peers.Peer], work: Path, *, everything: bool
) -> tuple[list[str], set[str]]:
    """One image's part of the page, and the kinds that occurred."""
    ours, others = accounts(target, found, work / name.partition(" ")[0])
    try:
        files: imagefiles.Files | None = imagefiles.read(target)
    except ValueError as error:
        print(error, file=sys.stderr)
        files = None
    about = f", manifest `{files.digest[:19]}…`, built {files.created}" if files and files.digest else ""
    numbers, causes, opened, kinds = [], [], [], Counter[str]()
    for peer, theirs in others:
        explained = differences(ours, theirs, files)
        kinds.update(kind for _, kind, _ in explained)
        numbers += counts(peer.label, ours, theirs, explained)
        causes += reasons(peer.label, explained)
        opened += [
            f"- {peer.label}, {d.side}: `{sorted(d.named.purls)[0]}` ({detail})"
            for d, kind, detail in explained
            if kind == UNEXPLAINED
        ]
        if everything:
            for d, kind, detail in explained:
                print(f"{peer.label}\t{d.side}\t{d.identity.ecosystem}\t{d.identity}\t{kind}\t{detail}")
    lines = [f"## Image `{name}`{about}", "", "| peer | ecosystem | same | only ours | only theirs | unexplained |",
             "| --- | --- | ---: | ---: | ---: | ---: |", *numbers, ""]  # fmt: skip
    if files is not None and any(p.endswith(".jar") for p in files.layers):
        told = [("assay", ours), *((peer.label, account) for peer, account in others)]
        shares = [f"{label} {hits} of {total}" for label, (hits, total) in ((n, agreement(a, files)) for n, a in told)]
        lines += ["Jars named as a witness inside the image names them (the jar's own `pom.properties`, Debian's Maven "
                  "repository): " + ", ".join(shares) + ".", ""]  # fmt: skip
    if causes:
        lines += ["| peer | ecosystem | side | how many | kind | samples |", "| --- | --- | --- | ---: | --- | --- |"]
        lines += [*causes, ""]
    lines += ["Unexplained:", "", *(opened or ["- nothing"]), ""]
    return lines, set(kinds)


def page(sections: list[list[str]], kinds: set[str], found: list[peers.Peer]) -> str:
    """The whole page as Markdown."""
    labels = ", ".join(peer.label for peer in found) or "no peer could be had"
    lines = [
        "# The same images, read by others",
        "",
        "<!-- Written by `make compare`; do not edit. -->",
        "",
        f"Assay beside {labels}: each writes CycloneDX JSON of the same image, names are levelled (epochs, sub-paths, "
        "PEP 503), and every difference is given a reason from the image's own files: Debian's file lists, whiteouts, "
        "a jar's `pom.properties`, the place of a `package.json`. Trivy has an empty index of jars here, for its own "
        "needs a network.",
        "",
        *(line for part in sections for line in part),
        "## The kinds, and who is right",
        "",
        "| kind | judgement | why |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {name} | {kind.right} | {kind.why} |" for name, kind in KINDS.items() if name in kinds]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run, explain, write the page. The exit code is 1 when a difference stays unexplained."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("references", nargs="*", metavar="REF")
    parser.add_argument("--peers", type=Path, help="an environment that has the peers' programs")
    parser.add_argument("--out", type=Path, default=peers.ROOT / "docs" / "explanation" / "comparison.md")
    parser.add_argument("--work", type=Path, default=peers.CACHE / "compare", help="where the documents are kept")
    parser.add_argument("--list", action="store_true", help="print every difference")
    given = parser.parse_args()
    images = [(r, posixpath.basename(r.rstrip("/")).partition(":")[0]) for r in given.references] or find_images()
    found = peers.find(given.peers)
    parts = [section(target, name, found, given.work, everything=given.list) for target, name in images]
    text = page([lines for lines, _ in parts], set().union(*(kinds for _, kinds in parts)), found)
    given.out.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(any(UNEXPLAINED in kinds for _, kinds in parts))


if __name__ == "__main__":
    main()
