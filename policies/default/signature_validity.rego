# METADATA
# scope: package
# title: What the decision rests on is signed by a trusted key
# custom:
#   code: signature.validity
#   severity: critical
#   state: enforce
#   needs: [signatures]
#   remedy: sign the attestations with a key the verifier trusts
package assay.rules.signature_validity

import rego.v1

# A decision on what this process has itself observed asks nobody's signature.
default applies := false

applies if input.signatures.verifying

image_facts := "urn:assay:predicate:image:1"

deny contains {"code": "none", "msg": "nothing is signed by a trusted key"} if count(signed) == 0

deny contains {"code": "unsigned", "msg": msg, "facts": [attestation.evidence]} if {
	some attestation in input.signatures.attestations
	attestation.kind != "key"
	attestation.predicate_type != image_facts
	msg := sprintf("a statement of type %s is not signed", [attestation.predicate_type])
}

signed contains attestation.evidence if {
	some attestation in input.signatures.attestations
	attestation.kind == "key"
}

warn contains {"code": "rejected", "msg": msg} if {
	some row in input.signatures.rejected
	msg := sprintf("%s is %s (%s); it was not used", [row.place, row.outcome, row.code])
}
