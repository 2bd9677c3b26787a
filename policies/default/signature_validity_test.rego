package assay.rules.signature_validity_test

import rego.v1

import data.assay.rules.signature_validity

attestation(kind, type) := {"kind": kind, "predicate_type": type, "evidence": concat(":", [kind, type])}

signatures(verifying, attestations, rejected) := {"signatures": {
	"verifying": verifying,
	"attestations": attestations,
	"rejected": rejected,
}}

test_does_not_apply_to_a_local_decision if {
	not signature_validity.applies with input as signatures(false, [attestation("self", "urn:a")], [])
}

test_signed_statements_pass if {
	facts := signatures(true, [attestation("key", "urn:a")], [])
	signature_validity.applies with input as facts
	count(signature_validity.deny) == 0 with input as facts
}

test_statements_signed_by_an_identity_pass if {
	facts := signatures(true, [attestation("certificate", "urn:a")], [])
	count(signature_validity.deny) == 0 with input as facts
}

test_own_sight_of_the_image_needs_no_signature if {
	facts := signatures(true, [attestation("key", "urn:a"), attestation("self", "urn:assay:predicate:image:1")], [])
	count(signature_validity.deny) == 0 with input as facts
}

test_anything_else_unsigned_is_refused if {
	facts := signatures(true, [attestation("key", "urn:a"), attestation("self", "urn:b")], [])
	count(signature_validity.deny) == 1 with input as facts
}

test_nothing_signed_is_refused if {
	count(signature_validity.deny) == 1 with input as signatures(true, [], [])
}

test_rejected_ones_are_told if {
	facts := signatures(true, [attestation("key", "urn:a")], [{"place": "p", "outcome": "not-trusted", "code": "SIGNATURE"}])
	count(signature_validity.warn) == 1 with input as facts
}
