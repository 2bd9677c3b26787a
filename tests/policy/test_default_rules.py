"""The shipped rules: their Rego tests run, each has tests and a line in the reference, and the profile holds."""

import json
import re

import pytest
import regorus

from assay.policy.bundle import load
from support import ROOT

FOLDER = ROOT / "policies" / "default"
MODULES = {p.name: p.read_text() for p in sorted(FOLDER.glob("*.rego"))}
RULES = {name: text for name, text in MODULES.items() if not name.endswith("_test.rego")}
TESTS = [
    (name, test)
    for name, text in MODULES.items()
    if name.endswith("_test.rego")
    for test in re.findall(r"^(test_\w+)", text, re.MULTILINE)
]
DATA = json.loads((FOLDER / "data.json").read_text())


@pytest.fixture(scope="module")
def engine():
    made = regorus.Engine()
    for name, text in MODULES.items():
        made.add_policy(name, text)
    made.add_data_json(json.dumps(DATA))
    return made


@pytest.mark.parametrize(("module", "test"), TESTS, ids=str)
def test_rego(engine, module, test):
    package = f"data.assay.rules.{module.removesuffix('.rego')}"
    copy = engine.clone()
    copy.set_input_json("{}")
    assert json.loads(copy.eval_rule_as_json(f"{package}.{test}")) is True


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_tested(name):
    tests = [test for module, test in TESTS if module == name.replace(".rego", "_test.rego")]
    assert len(tests) >= 2
    assert any("refused" in test for test in tests)
    assert any("passes" in test or "not" in test for test in tests)


def test_the_default_policy_loads_with_its_states():
    bundle = load(RULES, DATA, name="default")
    assert {rule.code: rule.state for rule in bundle.rules} == {
        "attestation.subject_matches": "enforce",
        "attestation.summary": "off",
        "base.eol": "warn",
        "build.hermetic": "off",
        "build.isolated": "off",
        "build.rebuild_mismatch": "enforce",
        "build.reproduced": "off",
        "component.eol": "warn",
        "dependency.malicious": "enforce",
        "image.non_root": "warn",
        "locks.in_step": "warn",
        "provenance.branch": "off",
        "provenance.build_type": "off",
        "provenance.builder": "off",
        "provenance.level": "off",
        "provenance.materials_pinned": "off",
        "provenance.params": "off",
        "provenance.present": "off",
        "provenance.source_repo": "off",
        "sbom.present": "enforce",
        "sbom.unknown_share": "warn",
        "signature.identity": "off",
        "signature.log_inclusion": "off",
        "signature.validity": "enforce",
        "source.archives": "enforce",
        "vuln.kev": "enforce",
        "vuln.scan_fresh": "warn",
        "vuln.scan_present": "enforce",
        "vuln.threshold": "enforce",
    }
    assert bundle.digest == load(dict(reversed(RULES.items())), DATA, name="default").digest
    assert all(rule.path == f"{rule.code.replace('.', '_')}.rego" for rule in bundle.rules)


def test_each_rule_has_a_line_in_the_reference():
    page = (ROOT / "docs" / "explanation" / "policy.md").read_text()
    for rule in load(RULES, DATA).rules:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{rule.code}` |"))
        assert f"| {rule.state} |" in row
        assert rule.severity in row
