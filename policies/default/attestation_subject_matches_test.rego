package assay.rules.attestation_subject_matches_test

import rego.v1

import data.assay.rules.attestation_subject_matches

signatures(matches, rejected) := {"signatures": {
	"attestations": [{"predicate_type": "urn:a", "subject_matches": matches, "evidence": "sha256:e"}],
	"rejected": rejected,
}}

test_a_statement_about_this_image_passes if {
	count(attestation_subject_matches.deny) == 0 with input as signatures(true, [])
}

test_a_statement_about_another_is_refused if {
	count(attestation_subject_matches.deny) == 1 with input as signatures(false, [])
}

test_a_rejected_one_is_told if {
	facts := signatures(true, [{"place": "p", "code": "SUBJECT_MISMATCH"}, {"place": "q", "code": "SIGNATURE"}])
	count(attestation_subject_matches.warn) == 1 with input as facts
}
