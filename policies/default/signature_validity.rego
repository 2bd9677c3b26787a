# METADATA
# scope: package
# title: What the decision rests on is signed by a trusted key or identity
# custom:
#   code: signature.validity
#   severity: critical
#   state: enforce
#   needs: [signatures]
#   remedy: sign the attestations with a key or an identity the verifier trusts
package assay.rules.signature_validity

import rego.v1

# A decision on what this process has itself observed asks nobody's signature.
default applies := false

applies if input.signatures.verifying

# Only what was verified is among the facts: by a key, or by a certificate's identity, that the caller trusts.
trusted_kinds := {"key", "certificate"}

image_facts := "urn:assay:predicate:image:1"

deny contains {"code": "none", "msg": "nothing is signed by a trusted key or identity"} if count(signed) == 0

deny contains {"code": "unsigned", "msg": msg, "facts": [attestation.evidence]} if {
	some attestation in input.signatures.attestations
	not attestation.kind in trusted_kinds
	attestation.predicate_type != image_facts
	msg := sprintf("a statement of type %s is not signed", [attestation.predicate_type])
}

signed contains attestation.evidence if {
	some attestation in input.signatures.attestations
	attestation.kind in trusted_kinds
}

warn contains {"code": "rejected", "msg": msg} if {
	some row in input.signatures.rejected
	msg := sprintf("%s is %s (%s); it was not used", [row.place, row.outcome, row.code])
}
