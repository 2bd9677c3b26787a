package assay.rules.source_archives_test

import rego.v1

import data.assay.rules.source_archives

facts(severity) := {"archives": {"state": "present", "items": [{
	"source": "speed",
	"traced": "traced",
	"counts": {severity: 1},
	"findings": [{"code": "source.archive-phantom-build-script", "severity": severity, "path": "m4/x.m4"}],
	"evidence": "sha256:e",
}]}}

test_one_the_build_opened_is_refused_by_name if {
	found := source_archives.deny with input as facts("critical")
	some one in found
	count(found) == 1
	one.msg == "speed (traced): 1 critical: source.archive-phantom-build-script m4/x.m4"
}

test_one_it_did_not_open_passes_and_is_told if {
	count(source_archives.deny) == 0 with input as facts("high")
	count(source_archives.warn) == 1 with input as facts("high")
}

test_what_is_generated_passes_unsaid if {
	count(source_archives.deny) == 0 with input as facts("low")
	count(source_archives.warn) == 0 with input as facts("low")
	source_archives.applies with input as facts("low")
}

test_a_stricter_parameter_is_refused_for_high_ones if {
	stricter := {"source_archives": {"severities": ["critical", "high"]}}
	count(source_archives.deny) == 1 with input as facts("high") with data.parameters as stricter
	count(source_archives.warn) == 0 with input as facts("high") with data.parameters as stricter
}

test_a_word_nobody_uses_is_refused if {
	mistaken := {"source_archives": {"severities": ["critcal"]}}
	count(source_archives.deny) == 1 with input as facts("low") with data.parameters as mistaken
}

test_no_parameter_is_refused if count(source_archives.deny) == 1 with input as facts("low") with data.parameters as {}

test_it_does_not_apply_without_such_a_record if not source_archives.applies with input as {}
