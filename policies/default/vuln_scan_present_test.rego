package assay.rules.vuln_scan_present_test

import rego.v1

import data.assay.rules.vuln_scan_present

findings(scans) := {"findings": {"scans": scans}}

scan(uncovered) := {"evidence": "sha256:e", "uncovered_count": uncovered}

test_a_scan_passes if {
	count(vuln_scan_present.deny) == 0 with input as findings([scan(0)])
	count(vuln_scan_present.warn) == 0 with input as findings([scan(0)])
}

test_no_scan_is_refused if count(vuln_scan_present.deny) == 1 with input as findings([])

test_uncovered_components_are_told if count(vuln_scan_present.warn) == 1 with input as findings([scan(2)])
