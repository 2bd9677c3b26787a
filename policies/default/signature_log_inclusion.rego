# METADATA
# scope: package
# title: Signatures are proven by a transparency log or a timestamp
# custom:
#   code: signature.log_inclusion
#   severity: high
#   state: off
#   needs: [signatures]
#   remedy: sign with a log or a timestamp authority
package assay.rules.signature_log_inclusion

import rego.v1

default applies := false

applies if input.signatures.verifying

deny contains {"code": "unproven", "msg": msg, "facts": [attestation.evidence]} if {
	some attestation in input.signatures.attestations
	attestation.kind != "self"
	attestation.log == ""
	count(attestation.times) == 0
	msg := sprintf("nobody proves when the statement of type %s was signed", [attestation.predicate_type])
}
