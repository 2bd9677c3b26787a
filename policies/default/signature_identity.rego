# METADATA
# scope: package
# title: What the decision rests on is signed by a listed identity
# custom:
#   code: signature.identity
#   severity: critical
#   state: off
#   needs: [signatures]
#   remedy: sign with a listed identity, or list the one that signs
package assay.rules.signature_identity

import rego.v1

listed := data.parameters.signature_identity.signers

# A decision on what this process has itself observed asks nobody's signature.
default applies := false

applies if input.signatures.verifying

deny contains {"code": "parameters", "msg": "data.parameters.signature_identity.signers is no list of signers"} if {
	not is_array(listed)
}

deny contains {"code": "none", "msg": "nothing is signed by a listed identity"} if count(known) == 0

deny contains {"code": "unlisted", "msg": msg, "facts": [attestation.evidence]} if {
	some attestation in input.signatures.attestations
	attestation.kind != "self"
	not is_listed(attestation)
	msg := sprintf("a statement of type %s is signed by %s, who is not listed", [
		attestation.predicate_type,
		concat(" of ", [name | some name in [attestation.identity, attestation.issuer, attestation.key_id]; name != ""]),
	])
}

known contains attestation.evidence if {
	some attestation in input.signatures.attestations
	is_listed(attestation)
}

# Exact, both: an issuer of one's own could vouch for any identity.
is_listed(attestation) if {
	attestation.kind == "certificate"
	some signer in listed
	signer.identity == attestation.identity
	signer.issuer == attestation.issuer
}

is_listed(attestation) if {
	attestation.kind == "key"
	some signer in listed
	signer.key_id == attestation.key_id
}
