package assay.rules.attestation_summary_test

import rego.v1

import data.assay.rules.attestation_summary

item(identity, uri, result, proven) := {
	"kind": "certificate",
	"identity": identity,
	"issuer": "https://i.test",
	"key_id": "",
	"verifier": "https://v.test",
	"resource_uri": uri,
	"result": result,
	"levels": ["SLSA_BUILD_LEVEL_3"],
	"proven": proven,
	"evidence": concat(":", [identity, result]),
}

facts(items) := {"now": "2026-11-02T00:00:00Z", "summaries": {"items": items}}

day := "2026-11-01T00:00:00Z"

listed := {"max_days": 7, "verifiers": [{
	"id": "https://v.test",
	"identity": "v@v.test",
	"issuer": "https://i.test",
	"resource_uri": "pkg:oci/a",
	"levels": ["SLSA_BUILD_LEVEL_3"],
}]}

test_a_listed_verifiers_word_passes if {
	input_facts := facts([item("v@v.test", "pkg:oci/a", "PASSED", day)])
	count(attestation_summary.deny) == 0 with input as input_facts with data.parameters.attestation_summary as listed
}

test_another_signer_is_refused if {
	input_facts := facts([item("evil@v.test", "pkg:oci/a", "PASSED", day)])
	count(attestation_summary.deny) == 1 with input as input_facts with data.parameters.attestation_summary as listed
}

test_another_name_is_refused if {
	input_facts := facts([item("v@v.test", "pkg:oci/b", "PASSED", day)])
	count(attestation_summary.deny) == 1 with input as input_facts with data.parameters.attestation_summary as listed
}

test_a_failure_beside_a_pass_is_refused if {
	input_facts := facts([item("v@v.test", "pkg:oci/a", "PASSED", day), item("v@v.test", "pkg:oci/a", "FAILED", day)])
	count(attestation_summary.deny) == 1 with input as input_facts with data.parameters.attestation_summary as listed
}

test_an_old_or_undated_one_is_refused if {
	some proven in ["2026-10-01T00:00:00Z", ""]
	input_facts := facts([item("v@v.test", "pkg:oci/a", "PASSED", proven)])
	count(attestation_summary.deny) == 1 with input as input_facts with data.parameters.attestation_summary as listed
}

test_a_missing_level_is_refused if {
	input_facts := facts([object.union(item("v@v.test", "pkg:oci/a", "PASSED", day), {"levels": []})])
	count(attestation_summary.deny) == 1 with input as input_facts with data.parameters.attestation_summary as listed
}

test_missing_parameters_are_refused if count(attestation_summary.deny) > 0 with input as facts([]) with data.parameters as {}
