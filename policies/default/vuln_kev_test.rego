package assay.rules.vuln_kev_test

import rego.v1

import data.assay.rules.vuln_kev

findings(exploited) := {"findings": {"scans": [{
	"evidence": "sha256:e",
	"open": [{"id": "CVE-1", "component": "a 1", "severity": "low", "exploited": exploited}],
}]}}

test_exploited_is_refused_whatever_its_severity if count(vuln_kev.deny) == 1 with input as findings(true)

test_not_exploited_passes if count(vuln_kev.deny) == 0 with input as findings(false)
