"""What is attached to an image, as text and for programs: the tree, the diagnosis, the plan, what went over."""

from collections.abc import Sequence

import click
import msgspec

from assay.artifact import consumers
from assay.flows.carry import Carried
from assay.flows.doctor import Diagnosis
from assay.flows.inspect import Branch, Tree
from assay.flows.prune import Plan
from assay.formats import predicates
from assay.interfaces.cli.render import archives, evidence
from assay.interfaces.cli.render.text import cut, pad, safe, wrap
from assay.model.image import Subject

_FORMS = {
    "bundle": "bundle",
    "signature": "cosign .sig",
    "envelope": "envelope",
    "statement": "unsigned",
    "other": "other",
}
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def carried(done: Carried, goal: str) -> str:
    """Two lines for an image that went over."""
    tags = f", {len(done.tags)} older tag{'s' * (len(done.tags) != 1)}" if done.tags else ""
    manifests = f"{done.manifests_count} manifest{'s' * (done.manifests_count != 1)}"
    attached = f"{done.referrers_count} referrer{'s' * (done.referrers_count != 1)}"
    return f"{safe(goal)}: {done.image}\n{manifests}, {attached}{tags}"


def trees(found: Sequence[Tree], *, columns: int, colour: bool) -> str:
    """Each subject and what is attached to it; lines never exceed `columns`."""
    lines = [cut(safe(found[0].subject.name), columns)] if found else []
    judged = any(branch.row is not None for tree in found for branch in tree.branches)
    for tree in found:
        lines += [cut(line, columns) for line in _title(tree.subject)]
        if tree.error is not None:
            lines += wrap(safe(f"? this list is not complete: {tree.error.line()}"), columns, "  ")
        elif not tree.branches:
            lines.append("  nothing of these types is attached" if tree.others_count else "  nothing is attached")
        lines += _branches(tree.branches, "", columns, colour)
        if tree.others_count:
            lines.append(f"  {tree.others_count} of other types")
    if found and not judged and any(tree.branches for tree in found):
        lines += wrap("Nothing here is verified: say whom you trust (--key, --certificate-identity).", columns)
    return "\n".join(lines) + "\n"


def _title(subject: Subject) -> tuple[str, str]:
    """What it is, then its digest, which alone nearly fills 80 columns."""
    index = "index" in subject.media_type or "list" in subject.media_type
    return ("index" if index else safe(str(subject.platform or "image")), str(subject.digest))


def _branches(branches: Sequence[Branch], indent: str, columns: int, colour: bool) -> list[str]:
    lines: list[str] = []
    for number, branch in enumerate(branches):
        last = number == len(branches) - 1
        head, *rest = _branch(branch)
        style = {"verified": "green", None: None}.get(branch.row.outcome if branch.row else None, "red")
        text = cut(f"{indent}{'└─ ' if last else '├─ '}{head}", columns)
        lines.append(click.style(text, fg=style) if colour and style else text)
        below = indent + ("   " if last else "│  ")
        for line in rest:
            lines += wrap(line, columns, below)
        lines += _branches(branch.branches, below, columns, colour)
    return lines


def _branch(branch: Branch) -> list[str]:
    """What it is, how large, when attached, what became of it; then where it lies, and why it does not count."""
    item, row = branch.item, branch.row
    kind = predicates.short_name(item.predicate_type) if item.predicate_type else item.artifact_type or "?"
    mark = f"{evidence.MARKS.get(row.outcome, '✗')} {row.outcome}" if row is not None else ""
    facts = (_FORMS[item.form], safe(kind), _size(item.size), safe(item.created), mark)
    lines = ["  ".join(filter(None, facts)), safe(item.place.removeprefix("referrer "))]
    if row is not None and row.outcome == "verified":
        lines.append(f"signed by {safe(row.signer)}")
        lines += [safe(line) for line in archives.of_record(row.evidence)]
    elif row is not None:
        lines.append(safe(f"{row.code} {row.reason}".strip()))
    elif item.error is not None:
        lines.append(safe(f"{item.error.kind}: {item.error.why or item.error.what}"))
    return lines


def _size(count: int) -> str:
    for unit, name in _SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B" if count else ""


def tree_document(tree: Tree) -> dict[str, object]:
    """A tree for programs."""
    return {
        "subject": msgspec.to_builtins(tree.subject, str_keys=True),
        "complete": tree.error is None,
        "error": tree.error.line() if tree.error is not None else "",
        "others": tree.others_count,
        "attached": [_branch_document(branch) for branch in tree.branches],
    }


def _branch_document(branch: Branch) -> dict[str, object]:
    item = branch.item
    names = ("place", "found", "form", "artifact_type", "predicate_type", "created", "size")
    return {
        **{name: getattr(item, name) for name in names},
        "manifest": str(item.carrier or ""),
        "content": str(item.layer.digest) if item.layer is not None else "",
        "error": item.error.line() if item.error is not None else "",
        "row": evidence.row(branch.row) if branch.row is not None else None,
        "attached": [_branch_document(inner) for inner in branch.branches],
    }


def diagnosis(found: Diagnosis, *, columns: int) -> str:
    """One subject: what is there, and who finds it."""
    kind, digest = _title(found.subject)
    lines = [cut(safe(f"{found.subject.name} ({kind})"), columns), cut(digest, columns)]
    for what in ("signature", "attestation"):
        counts = {sort: sum(one.what == what and one.sort == sort for one in found.present) for sort in consumers.WORDS}
        told = ", ".join(f"{count} {consumers.WORDS[sort]}" for sort, count in counts.items() if count)
        lines += wrap(f"{what}s: {told or 'none'}", columns)
    if found.others_count:
        lines.append(f"of other types: {found.others_count}")
    for place, why in found.unread:
        lines += wrap(f"? {safe(place)}: {safe(why)}", columns)
    lines.append("")
    name = max(len(reading.consumer.name) for reading in found.readings)
    lines.append(cut(f"  {pad('PROGRAM', name)}  SIGNATURES  ATTESTATIONS", columns))
    for reading in found.readings:
        cells = (reading.signatures_count, reading.attestations_count)
        reads = (reading.consumer.signatures, reading.consumer.attestations)
        words = [str(count) if count else "none" if sorts else "-" for count, sorts in zip(cells, reads, strict=True)]
        mark = "✗" if reading.remedy else "✓" if any(cells) else " "
        lines.append(cut(f"{mark} {pad(reading.consumer.name, name)}  {pad(words[0], 10)}  {words[1]}", columns))
        if reading.consumer.note:
            lines += wrap(reading.consumer.note, columns, "    ")
    lines.append("")
    for remedy in dict.fromkeys(reading.remedy for reading in found.readings if reading.remedy):
        lines += wrap(f"✗ {remedy}", columns)
    lines += [*wrap(f"By a table of {consumers.AS_OF}: what a program finds it may still refuse.", columns)]
    return "\n".join(lines) + "\n"


def diagnosis_document(found: Diagnosis) -> dict[str, object]:
    """A diagnosis for programs."""
    return {
        "subject": msgspec.to_builtins(found.subject, str_keys=True),
        "as_of": consumers.AS_OF,
        "present": msgspec.to_builtins(found.present),
        "others": found.others_count,
        "unread": [{"place": place, "why": why} for place, why in found.unread],
        "consumers": [
            {
                "name": reading.consumer.name,
                "signatures": reading.signatures_count,
                "attestations": reading.attestations_count,
                "note": reading.consumer.note,
                "remedy": reading.remedy,
            }
            for reading in found.readings
        ],
    }


def plan(made: Plan, *, columns: int, done: bool) -> str:
    """What stays and what goes."""
    lines = [cut(str(made.subject), columns)]
    for old in made.ours:
        word = "stays" if old.kept else "gone" if done else "would go"
        kind = safe(predicates.short_name(old.predicate_type))
        lines.append(cut(f"{pad(word, 8)}  {pad(kind, 12)}  {pad(old.time, 20)}  {safe(old.signer)}", columns))
        lines.append(cut(f"  {old.manifest}", columns))
    going = len(made.going)
    told = f"{going} {'taken away' if done else 'would go'}, {len(made.ours) - going} stay"
    if made.foreign_count:
        told += f", {made.foreign_count} of others untouched"
    lines += wrap(told + ("" if done or not going else "; say --delete to take them away"), columns)
    return "\n".join(lines) + "\n"


def plan_document(made: Plan, *, done: bool) -> dict[str, object]:
    """A plan for programs."""
    return {
        "subject": str(made.subject),
        "deleted": done,
        "foreign": made.foreign_count,
        "ours": [
            {
                "manifest": str(old.manifest),
                "predicate_type": old.predicate_type,
                "signer": old.signer,
                "time": old.time,
                "kept": old.kept,
            }
            for old in made.ours
        ],
    }
