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

image(distro, packages) := {"image": {"configs": [{"distro": distro, "os_packages_count": packages, "evidence": "sha256:i"}]}}

covered(os) := object.union(scan(os), {"uncovered_os_count": os})

test_an_unknown_distribution_is_refused if {
	given := object.union(findings([covered(3)]), image("", 3))
	count(vuln_scan_present.deny) == 1 with input as given
}

test_a_distribution_nobody_speaks_for_is_refused if {
	given := object.union(findings([covered(3)]), image("ubuntu 24.04", 3))
	count(vuln_scan_present.deny) == 1 with input as given
}

test_a_distribution_covered_in_part_passes if {
	given := object.union(findings([covered(2)]), image("debian 12", 3))
	count(vuln_scan_present.deny) == 0 with input as given
}

test_no_system_packages_pass if {
	given := object.union(findings([covered(0)]), image("", 0))
	count(vuln_scan_present.deny) == 0 with input as given
}
