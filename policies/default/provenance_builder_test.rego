package assay.rules.provenance_builder_test

import rego.v1

import data.assay.rules.provenance_builder

item(builder, speaks, contradiction) := {"provenance": {"items": [{
	"builder": builder,
	"speaks_for_builder": speaks,
	"contradiction": contradiction,
	"evidence": "sha256:e",
}]}}

listed := {"builders": ["https://b.test/*@refs/tags/*"]}

test_a_listed_one_passes if {
	facts := item("https://b.test/w@refs/tags/v1", true, "")
	count(provenance_builder.deny) == 0 with input as facts with data.parameters.provenance_builder as listed
}

test_another_is_refused if {
	facts := item("https://b.test/x/w@refs/tags/v1", true, "")
	count(provenance_builder.deny) == 1 with input as facts with data.parameters.provenance_builder as listed
}

test_a_foreign_signer_is_refused if {
	facts := item("https://b.test/w@refs/tags/v1", false, "")
	count(provenance_builder.deny) == 1 with input as facts with data.parameters.provenance_builder as listed
}

test_a_contradiction_is_refused if {
	facts := item("https://b.test/w@refs/tags/v1", true, "the ref is a, the certificate says b")
	count(provenance_builder.deny) == 1 with input as facts with data.parameters.provenance_builder as listed
}

test_missing_parameters_are_refused if {
	count(provenance_builder.deny) > 0 with input as item("https://b.test/w", true, "") with data.parameters as {}
}
