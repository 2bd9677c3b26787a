package assay.rules.vuln_kev_test

import rego.v1

import data.assay.rules.vuln_kev

findings(exploited) := {"findings": {"scans": [{
	"evidence": "sha256:e",
	"open": [{"id": "CVE-1", "component": "a 1", "severity": "low", "exploited": exploited}],
}]}}

test_exploited_is_refused_whatever_its_severity if count(vuln_kev.deny) == 1 with input as findings(true)

test_not_exploited_passes if count(vuln_kev.deny) == 0 with input as findings(false)

fed(names) := {"findings": {"scans": [{"evidence": "sha256:e", "open": [], "feeds": [{"name": name} | some name in names]}]}}

test_without_a_catalogue_it_says_so if count(vuln_kev.warn) == 1 with input as fed({"pypi"})

test_with_a_catalogue_it_says_nothing if count(vuln_kev.warn) == 0 with input as fed({"pypi", "kev"})
