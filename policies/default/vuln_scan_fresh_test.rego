package assay.rules.vuln_scan_fresh_test

import rego.v1

import data.assay.rules.vuln_scan_fresh

facts(updated) := {"now": "2026-11-10T00:00:00Z", "findings": {"scans": [{"evidence": "sha256:e", "updated": updated}]}}

week := {"max_days": 7}

test_exactly_the_age_passes if {
	count(vuln_scan_fresh.deny) == 0 with input as facts("2026-11-03T00:00:00Z") with data.parameters.vuln_scan_fresh as week
}

test_a_day_older_is_refused if {
	some reason in vuln_scan_fresh.deny with input as facts("2026-11-02T00:00:00Z") with data.parameters.vuln_scan_fresh as week
	reason.code == "stale"
	contains(reason.msg, "8 days old")
}

test_a_date_to_come_is_refused_and_another_zones_today_is_not if {
	some reason in vuln_scan_fresh.deny with input as facts("2099-01-01T00:00:00Z") with data.parameters.vuln_scan_fresh as week
	reason.code == "future"
	count(vuln_scan_fresh.deny) == 0 with input as facts("2026-11-10T14:00:00Z") with data.parameters.vuln_scan_fresh as week
}

test_no_date_is_refused if {
	count(vuln_scan_fresh.deny) == 1 with input as facts("") with data.parameters.vuln_scan_fresh as week
}

test_missing_parameters_are_refused if {
	count(vuln_scan_fresh.deny) == 1 with input as facts("2026-11-10T00:00:00Z") with data.parameters as {}
}
