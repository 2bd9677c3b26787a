package assay.rules.base_eol_test

import rego.v1

import data.assay.rules.base_eol

base(name, lifecycle, ends) := {"base": {"distributions": [{
	"name": name,
	"lifecycle": lifecycle,
	"ends": ends,
	"evidence": "sha256:e",
}]}}

test_supported_passes if {
	base_eol.applies with input as base("debian 13", "supported", "2028-08-09")
	count(base_eol.deny) == 0 with input as base("debian 13", "supported", "2028-08-09")
}

test_ended_is_refused if {
	some reason in base_eol.deny with input as base("debian 10", "ended", "2022-09-10")
	reason.msg == "debian 10 has ended on 2022-09-10"
}

test_ended_without_a_date_is_refused if count(base_eol.deny) == 1 with input as base("debian 10", "ended", "")

test_does_not_apply_without_a_distribution if not base_eol.applies with input as base("", "", "")

test_an_end_that_is_near_is_a_warning if {
	near := {"base": {"distributions": [{
		"name": "debian 12",
		"lifecycle": "supported",
		"soon": true,
		"ends": "2026-07-11",
		"evidence": "sha256:e",
	}]}}
	some reason in base_eol.warn with input as near
	reason.msg == "debian 12 ends on 2026-07-11"
	count(base_eol.deny) == 0 with input as near
}
