"""Renamed packages, another base, another verdict: said on evidence, and only where both sides speak of it."""

import msgspec
import pytest

from assay.dependencies.diff import compare
from assay.flows.difference import _verdicts
from assay.interfaces.cli.render import changes
from assay.model.difference import Setting
from assay.model.image import Subject
from assay.model.inventory import BaseImage, Component, Inventory, SourcePackage
from assay.model.verdict import Reason, Verdict


def deb(name: str, version: str, source: str = "", *hashes: str) -> Component:
    purl = f"pkg:deb/debian/{name}@{version}"
    built = SourcePackage(source, version) if source else None
    return Component(key=purl, purl=purl, ecosystem="deb", name=name, version=version, source=built, hashes=hashes)


def stock(*components: Component, base: BaseImage | None = None) -> Inventory:
    return Inventory(subject=Subject(name="x"), components=components, base=base)


def told(old: Inventory, new: Inventory) -> list[tuple[str, str, str]]:
    return [(c.kind, c.old_name, c.name) for c in compare(old, new).packages]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([deb("a3", "1", "a")], [deb("a3t64", "2", "a")], [("renamed", "a3", "a3t64")]),
        ([deb("a", "1", "", "sha256:1")], [deb("b", "1", "", "sha256:1")], [("renamed", "a", "b")]),
        # Likeness alone, another source, and one of several are no evidence.
        ([deb("a3", "1")], [deb("a3t64", "1")], [("added", "", "a3t64"), ("removed", "", "a3")]),
        ([deb("a3", "1", "a")], [deb("b3", "1", "b")], [("added", "", "b3"), ("removed", "", "a3")]),
        (
            [deb("a3", "1", "a")],
            [deb("x", "1", "a"), deb("y", "1", "a")],
            [("added", "", "x"), ("added", "", "y"), ("removed", "", "a3")],
        ),
        # What stayed is not what was lost.
        (
            [deb("a-bin", "1", "a"), deb("a3", "1", "a")],
            [deb("a-bin", "1", "a"), deb("a3t64", "1", "a")],
            [("renamed", "a3", "a3t64")],
        ),
        # A digest is worth more than a common source.
        (
            [deb("a", "1", "s", "sha256:1"), deb("k", "1")],
            [deb("b", "1", "s", "sha256:1"), deb("k", "1")],
            [("renamed", "a", "b")],
        ),
    ],
)
def test_a_name_that_changed(old: list[Component], new: list[Component], expected: list[tuple[str, str, str]]) -> None:
    assert told(stock(*old), stock(*new)) == expected
    back = [(kind, b, a) if kind == "renamed" else (kind, a, b) for kind, a, b in told(stock(*new), stock(*old))]
    assert {one for one in back if one[0] == "renamed"} == {one for one in expected if one[0] == "renamed"}


def test_both_names_are_shown() -> None:
    found = compare(stock(deb("a3", "1", "a")), stock(deb("a3t64", "2", "a")))
    assert "a3 → a3t64" in changes.table(found, columns=80, colour=False)
    assert "1 renamed" in changes.summary(found)


OLD = BaseImage(layers_count=1, confidence="strong", method="label", name="debian:11", digest="sha256:" + "1" * 64)


def test_another_base() -> None:
    new = msgspec.structs.replace(OLD, name="debian:12", layers_count=None)
    found = compare(stock(base=OLD), stock(base=new))
    assert found.base == (Setting(name="base.layers", old="1", new=None), Setting(name="base.name", old="debian:11", new="debian:12"))  # fmt: skip
    assert not found.empty
    assert compare(stock(base=OLD), stock(base=None)).base == ()
    assert compare(stock(base=OLD), stock(base=OLD)).empty


def verdict(decision: str, **outcomes: str) -> Verdict:
    reasons = tuple(
        Reason(rule=name, title=name, outcome=outcome, severity="high", enforced=True)  # type: ignore[arg-type]
        for name, outcome in outcomes.items()
    )
    return Verdict(
        subject=Subject(name="x"), decision=decision, reasons=reasons, policy="p", policy_digest="d", engine="e",
        input_digest="i", time="2026-01-01T00:00:00Z",
    )  # type: ignore[arg-type]  # fmt: skip


def test_another_verdict_names_the_rules() -> None:
    assert _verdicts(verdict("allow", a="pass", b="pass"), verdict("deny", a="violated", b="pass", c="pass")) == (
        Setting(name="decision", old="allow", new="deny"),
        Setting(name="rule.a", old="pass", new="violated"),
        Setting(name="rule.c", old=None, new="pass"),
    )
    assert _verdicts(verdict("allow"), None) == ()
