package assay.rules.signature_identity_test

import rego.v1

import data.assay.rules.signature_identity

attestation(kind, identity, issuer, key) := {
	"kind": kind,
	"predicate_type": "urn:a",
	"identity": identity,
	"issuer": issuer,
	"key_id": key,
	"evidence": concat(":", [kind, identity, key]),
}

facts(verifying, attestations) := {"signatures": {"verifying": verifying, "attestations": attestations, "rejected": []}}

listed := {"signers": [{"identity": "a@b.test", "issuer": "https://i.test"}, {"key_id": "k1"}]}

test_does_not_apply_to_a_local_decision if {
	not signature_identity.applies with input as facts(false, [])
}

test_listed_ones_pass if {
	input_facts := facts(true, [
		attestation("certificate", "a@b.test", "https://i.test", ""),
		attestation("key", "", "", "k1"),
		attestation("self", "", "", ""),
	])
	count(signature_identity.deny) == 0 with input as input_facts with data.parameters.signature_identity as listed
}

test_another_issuer_is_refused if {
	input_facts := facts(true, [attestation("certificate", "a@b.test", "https://evil.test", "")])
	count(signature_identity.deny) == 2 with input as input_facts with data.parameters.signature_identity as listed
}

test_a_key_of_that_name_is_refused if {
	input_facts := facts(true, [attestation("key", "a@b.test", "https://i.test", "k2")])
	count(signature_identity.deny) == 2 with input as input_facts with data.parameters.signature_identity as listed
}

test_one_stranger_among_them_is_refused if {
	input_facts := facts(true, [attestation("key", "", "", "k1"), attestation("key", "", "", "k2")])
	count(signature_identity.deny) == 1 with input as input_facts with data.parameters.signature_identity as listed
}

test_missing_parameters_are_refused if {
	count(signature_identity.deny) > 0 with input as facts(true, []) with data.parameters as {}
}
