# METADATA
# scope: package
# title: Each statement is about this very image
# custom:
#   code: attestation.subject_matches
#   severity: critical
#   state: enforce
#   needs: [signatures]
#   remedy: attest the digest that is decided about
package assay.rules.attestation_subject_matches

import rego.v1

deny contains {"code": "other", "msg": msg, "facts": [attestation.evidence]} if {
	some attestation in input.signatures.attestations
	not attestation.subject_matches
	msg := sprintf("a statement of type %s is about something else", [attestation.predicate_type])
}

warn contains {"code": "rejected", "msg": msg} if {
	some row in input.signatures.rejected
	row.code == "SUBJECT_MISMATCH"
	msg := sprintf("%s is attached here and about something else; it was not used", [row.place])
}
