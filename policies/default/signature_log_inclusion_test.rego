package assay.rules.signature_log_inclusion_test

import rego.v1

import data.assay.rules.signature_log_inclusion

facts(kind, log, times) := {"signatures": {"verifying": true, "attestations": [{
	"kind": kind,
	"predicate_type": "urn:a",
	"log": log,
	"times": times,
	"evidence": "sha256:e",
}]}}

test_a_log_passes if count(signature_log_inclusion.deny) == 0 with input as facts("key", "log.test", [])

test_a_time_passes if count(signature_log_inclusion.deny) == 0 with input as facts("key", "", ["2026-01-01T00:00:00Z"])

test_own_sight_needs_no_log_and_passes if count(signature_log_inclusion.deny) == 0 with input as facts("self", "", [])

test_neither_is_refused if count(signature_log_inclusion.deny) == 1 with input as facts("certificate", "", [])
