"""JUnit, GitLab, GitHub and CSV: their own rules hold, nothing disappears, no name gives an order."""

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import findings_csv, github_annotations, github_snapshot, gitlab, junit, sarif
from assay.formats.answer import link_of, state_of
from assay.formats.plaintext import cell, safe
from assay.interfaces.cli.render import html, markdown, table
from assay.model.advisory import Kev
from assay.model.finding import Step
from assay.model.ignore import Ignored, IgnoreRule, Ignores
from assay.model.image import Subject
from assay.model.inventory import Gap
from assay.model.report import Report, Sources
from inventories import TOOL, full
from reports import SSL, finding, report, sample

WHEN = "2026-01-02T03:04:05Z"
EVIL = (
    "=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "  =1", "＝1", "|calc", "%0a::error::x",
    "::error::owned", " ::set-env name=a::b", "##[add-mask]a", "##vso[task.setvariable]", "a\r\n::stop-commands::x",
    "]]><failure/>", '"><script>', "&lol;", "\x00\x1b[2J\x9b", "\ufffe\uffff", "\ud800", "\u202e", "[x](http://y)",
    "a" * 100_000, "",
)  # fmt: skip


def evil_report(text: str) -> Report:
    one = finding(
        f"CVE-{text}", SSL, severity="critical", version=text, purl=f"pkg:deb/{text}@{text}", summary=text,
        matched_range=text, fixed_in=(text,), aliases=(text,), reasons=(Step(text, text, text),), feed=text,
        advisory=text,
    )  # fmt: skip
    one = msgspec.structs.replace(one, name=text)
    two = msgspec.structs.replace(one, ignored=Ignored(reason=text, until="2030-01-01", by=text))
    made = report(one, two, msgspec.structs.replace(one, status="undetermined"))
    return msgspec.structs.replace(made, subject=Subject(name=text), sources=Sources(state="present", built=text))


# The rules of schema 15 for a container-scanning report, said again in our own words (draft 2020-12).
TOOL_RULE = {
    "type": "object",
    "required": ["id", "name", "version", "vendor"],
    "properties": {
        **{name: {"type": "string", "minLength": 1} for name in ("id", "name", "version")},
        "vendor": {"required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
    },
}
TIME_RULE = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
LINK_RULE = {"type": "string", "pattern": "^https?://.+"}
GITLAB_RULES = {
    "type": "object",
    "required": ["scan", "version", "vulnerabilities"],
    "properties": {
        "version": {"pattern": r"^15\.[0-9]+\.[0-9]+$"},
        "scan": {
            "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
            "properties": {
                "analyzer": TOOL_RULE,
                "scanner": TOOL_RULE,
                "start_time": TIME_RULE,
                "end_time": TIME_RULE,
                "status": {"enum": ["success", "failure"]},
                "type": {"const": "container_scanning"},
                "messages": {
                    "items": {
                        "required": ["level", "value"],
                        "properties": {
                            "level": {"enum": ["info", "warn", "fatal"]},
                            "value": {"type": "string", "minLength": 1},
                        },
                    }
                },
            },
        },
        "vulnerabilities": {
            "items": {
                "required": ["id", "identifiers", "location"],
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9a-f-]{36}$"},
                    "name": {"maxLength": 255},
                    "description": {"maxLength": 1_048_576},
                    "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                    "solution": {"maxLength": 7_000},
                    "identifiers": {
                        "minItems": 1,
                        "maxItems": 20,
                        "items": {
                            "required": ["type", "name", "value"],
                            "properties": {
                                **{name: {"type": "string", "minLength": 1} for name in ("type", "name", "value")},
                                "url": LINK_RULE,
                            },
                        },
                    },
                    "links": {"items": {"required": ["url"], "properties": {"url": LINK_RULE}}},
                    "location": {
                        "required": ["dependency", "operating_system", "image"],
                        "properties": {
                            "dependency": {
                                "required": ["package", "version"],
                                "properties": {"package": {"required": ["name"]}, "version": {"type": "string"}},
                            },
                            "operating_system": {"type": "string", "minLength": 1},
                            "image": {"type": "string", "pattern": r"^[^:]+(:\d+[^:]*)?:[^:]+(:[^:]+)?$"},
                        },
                    },
                },
            }
        },
    },
}


def gitlab_of(value: Report) -> dict[str, Any]:
    document = json.loads(gitlab.write(value, timestamp=WHEN))
    jsonschema.Draft202012Validator(GITLAB_RULES).validate(document)
    return document  # type: ignore[no-any-return]


def test_gitlab_lists_what_is_open_and_counts_the_rest() -> None:
    document = gitlab_of(sample())
    listed = document["vulnerabilities"]
    assert [v["severity"] for v in listed] == ["Critical", "Critical", "Low"]
    assert len({v["id"] for v in listed}) == 3
    assert listed[0]["identifiers"][0]["type"] == "cve"
    assert listed[0]["solution"].startswith("Upgrade libssl3")
    assert "cannot be determined" in "".join(v["description"] for v in listed)
    said = " ".join(m["value"] for m in document["scan"]["messages"])
    assert "2 findings are not listed: suppressed by VEX" in said
    assert "1 findings are not listed: not affected" in said


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("debian:12", "debian:12"),
        ("reg.example:5000/a/b:1", "reg.example:5000/a/b:1"),
        ("app", "app@sha256:"),
        ("reg.example:5000/a", "reg.example:5000/a"),
        ("a b", "a-b@sha256:"),
        ("x:y:z:w", "x-y-z-w@sha256:"),
    ],
)
def test_gitlab_image_names(name: str, image: str) -> None:
    made = msgspec.structs.replace(sample(), subject=msgspec.structs.replace(sample().subject, name=name))
    assert gitlab_of(made)["vulnerabilities"][0]["location"]["image"].startswith(image)
    made = msgspec.structs.replace(made, subject=Subject(name=name))
    gitlab_of(made)


def test_without_data_every_form_says_failure() -> None:
    bare = msgspec.structs.replace(report(), sources=Sources(state="absent", reason="no database"))
    document = gitlab_of(bare)
    assert document["scan"]["status"] == "failure"
    assert "no database" in document["scan"]["messages"][0]["value"]
    suite = ElementTree.fromstring(junit.write(bare, timestamp=WHEN))[0]
    assert suite.get("errors") == "1"
    assert suite.find("testcase/error") is not None
    assert github_annotations.write(bare).startswith(b"::error title=No advisory data::no database")


def junit_of(value: Report) -> ElementTree.Element:
    """The suite; checks what the JUnit schema (jenkins-junit.xsd) demands: names, counts, order of children."""
    root = ElementTree.fromstring(junit.write(value, timestamp=WHEN))
    assert (root.tag, len(root)) == ("testsuites", 1)
    (suite,) = root
    assert {"name", "tests", "failures", "errors", "skipped", "timestamp", "hostname", "time"} == set(suite.attrib)
    cases = suite.findall("testcase")
    assert [child.tag for child in suite] == ["properties"] + ["testcase"] * len(cases)
    assert all({"name", "classname", "time"} == set(case.attrib) and len(case) <= 1 for case in cases)
    for word, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(word, "")) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests", "")) == len(cases)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
    return suite


def test_junit_fails_what_is_open_and_passes_nothing_else() -> None:
    suite = junit_of(sample())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "2", "4")
    (passed,) = [case for case in suite.findall("testcase") if not len(case)]
    assert passed.get("name") == "advisory data"
    skipped = " ".join(str(s.get("message")) for s in suite.iter("skipped"))
    assert "undetermined" in skipped
    assert "Jane" in skipped


def rows_of(value: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(findings_csv.write(value).decode(), newline="")))


def test_csv_has_every_finding_with_its_state() -> None:
    rows = rows_of(sample())
    assert [row["state"] for row in rows][:2] == ["open", "open"]
    assert sorted(row["state"] for row in rows) == sorted(state_of(f) for f in sample().findings)
    assert rows[0]["kev"] == "2025-02-01"
    assert rows[0]["epss"] == "0.90000"
    assert rows[0]["path"] == "var/lib/dpkg/status"


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("not_affected", Step("symbol", "the flaw lies in a/b; none of it is linked into bin/app")),
        ("not_affected", Step("fix", "1-1~bpo12 is 1-1 rebuilt for an older release: it has the fix of 1-1")),
        ("not_affected", Step("range", "alpine says that openssl in Alpine never was affected by CVE-1")),
        ("undetermined", Step("range", "whether 1-1 is affected, nobody has decided yet")),
    ],
)
def test_every_list_gives_the_reason_that_decided(status: str, step: Step) -> None:
    """Not the last rung, which only says where the package came from."""
    steps = (step, Step("layer", "introduced in layer 1"), Step("owner", "also stands for jrt-fs, whose files it owns"))
    value = report(finding("CVE-2025-0001", status=status, reasons=steps))
    assert rows_of(value)[0]["answer"] == step.says
    (skipped,) = junit_of(value).iter("skipped")
    assert skipped.get("message") == f"{status}: {step.says}"
    assert step.says in table.render(value, columns=200, colour=False, everything=True)
    if status == "not_affected":
        assert step.says in sarif.write(value).decode()


def test_annotations_are_bounded_and_count_the_rest() -> None:
    many = report(*(finding(f"CVE-{n:03}", severity=s) for n, s in enumerate(("high", "medium", "low") * 15)))
    lines = github_annotations.write(many).decode().splitlines()
    assert len(lines) == 30
    assert [sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")] == [
        10, 10, 10,
    ]  # fmt: skip
    assert "45 open findings, 16 of them not shown here" in lines[-1]


def test_what_is_exploited_is_annotated_before_all_that_is_only_severe() -> None:
    severe = [finding(f"CVE-2025-1{n:03}", severity="critical") for n in range(30)]
    exploited = finding("CVE-2025-2000", severity="unknown", kev=Kev(date_added="2025-02-01"))
    lines = github_annotations.write(report(*severe, exploited)).decode().splitlines()
    assert lines[0].startswith("::error title=CVE-2025-2000")
    assert "known exploited" in lines[0]


def test_a_snapshot_has_what_github_requires() -> None:
    env = {
        "GITHUB_SHA": "a" * 40, "GITHUB_REF": "refs/heads/main", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "scan",
        "GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r",
    }  # fmt: skip
    data = github_snapshot.write(full(), tool=TOOL, scanned=WHEN, job=github_snapshot.job_of(env))
    document = json.loads(data)
    assert set(document) == {"version", "job", "sha", "ref", "detector", "metadata", "scanned", "manifests"}
    assert (document["version"], document["sha"], document["scanned"]) == (0, "a" * 40, WHEN)
    assert document["job"]["correlator"].startswith("ci_scan_")
    assert document["job"]["html_url"] == "https://github.example/o/r/actions/runs/7"
    resolved = {p for m in document["manifests"].values() for p in m["resolved"]}
    assert resolved == {c.purl for c in full().components if c.purl and c.removed_by is None and not c.owner}
    for manifest in document["manifests"].values():
        assert manifest["name"]
        assert not manifest["file"]["source_location"].startswith("/")
        for purl, row in manifest["resolved"].items():
            assert row["package_url"] == purl
            assert set(row["dependencies"]) <= resolved
    assert json.loads(github_snapshot.write(full(), tool=TOOL, scanned=WHEN, job=github_snapshot.Job()))["sha"] == ""


@pytest.mark.parametrize("text", EVIL, ids=lambda text: ascii(text[:20]))
def test_hostile_names_stay_names(text: str) -> None:
    value = evil_report(text)
    gitlab_of(value)
    suite = junit_of(value)
    assert len(list(suite.iter("failure"))) == 1, "nothing in a name may look like an element"
    for row in rows_of(value):
        for said in row.values():
            assert said.lstrip()[:1] not in ("=", "+", "-", "@", "|", "%", "＝"), ascii(said[:30])
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", said)
    lines = github_annotations.write(value).decode().split("\n")
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::notice", ""]
    assert all(line.count("::") == (2 if line else 0) or "::" not in line.split("::", 2)[1] for line in lines)


ORDERS = re.compile(r"^\s*::|##[A-Za-z]{0,20}\[", re.MULTILINE)


@pytest.mark.parametrize("text", [t for t in EVIL if "::" in t or "##" in t], ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("columns", [40, 80])
def test_a_log_that_holds_the_table_gives_no_orders(text: str, columns: int) -> None:
    """A runner obeys lines of any step's output: gaps, wrapped sentences and names of subjects come to their beginning."""
    value = msgspec.structs.replace(
        evil_report(text),
        gaps=(Gap("unreadable", text, 0, f"{'long ' * 9}{text} {text}"),),
        ignores=Ignores(files=(text,), rules_count=1, unused=(IgnoreRule(id=text, until="2030-01-01", reason=text),)),
    )
    for shown in (
        table.render(value, columns=columns, colour=False, everything=True),
        markdown.render(value),
        html.render(value),
    ):
        assert not ORDERS.search(shown)


@given(st.text(max_size=30) | st.sampled_from(EVIL))
def test_no_text_gives_a_build_server_an_order(text: str) -> None:
    shown = safe(text)
    assert not re.search(r"(?:^|\s)::", shown)
    assert not re.search(r"##[A-Za-z]{0,20}\[", shown)
    assert cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


def test_ordinary_names_are_left_alone() -> None:
    for text in ("std::vector", "a::b", "## heading", "C#", "https://x/#[a]", "issue ##1"):
        assert safe(text) == text


def test_links() -> None:
    assert link_of("CVE-2024-1") == "https://nvd.nist.gov/vuln/detail/CVE-2024-1"
    assert link_of("GHSA-x") == "https://github.com/advisories/GHSA-x"
    assert link_of("RHSA-2024:1") == "https://osv.dev/vulnerability/RHSA-2024%3A1"
    for text in ("", "CVE-\x1b", "CVE 1", "x/../y", "javascript:alert(1)//"):
        assert link_of(text) == ""
