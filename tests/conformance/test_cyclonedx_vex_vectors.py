"""The specification's own vulnerabilities: JSON and XML say the same, and their VEX can be written again."""

import pytest

from assay.formats import cyclonedx_vex_write, vex
from assay.model.report import Tool
from support import needs_shared, shared

pytestmark = needs_shared


@pytest.mark.parametrize("version", ["1.4", "1.5"])
def test_vulnerability_examples(version: str) -> None:
    found = [
        vex.read(shared("vectors", "cyclonedx", version, f"valid-vulnerability-{version}.{form}").read_bytes(), "v")
        for form in ("json", "xml")
    ]
    json_said, xml_said = ([(s.vulnerability, s.aliases, s.products, s.status, s.justification, s.impact, s.action,
                             s.notes, s.words) for s in said] for said in found)  # fmt: skip
    assert json_said == xml_said
    (said, *_) = found[0]
    assert (said.vulnerability, said.status) == ("SNYK-JAVA-COMFASTERXMLJACKSONCORE-32111", "not_affected")
    data = cyclonedx_vex_write.write_statements(found[0], author="a", timestamp=said.timestamp, tool=Tool("t", "1"))
    assert [(s.vulnerability, s.status, s.words) for s in vex.read(data, "v")] == [
        (s.vulnerability, s.status, s.words) for s in found[0]
    ]
