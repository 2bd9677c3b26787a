# METADATA
# scope: package
# title: A listed verifier has passed this very artifact
# custom:
#   code: attestation.summary
#   severity: high
#   state: off
#   needs: [summaries]
#   remedy: ask a listed verifier for a verification summary of this artifact
package assay.rules.attestation_summary

import rego.v1

listed := data.parameters.attestation_summary.verifiers

max_days := data.parameters.attestation_summary.max_days

deny contains {"code": "parameters", "msg": "data.parameters.attestation_summary lacks verifiers or max_days"} if {
	not has_parameters
}

has_parameters if {
	is_array(listed)
	is_number(max_days)
}

deny contains {"code": "none", "msg": "no listed verifier has spoken about it under this name"} if count(heard) == 0

deny contains {"code": "failed", "msg": msg, "facts": [item.evidence]} if {
	some item in heard
	item.result != "PASSED"
	msg := sprintf("the verifier %s says that it failed", [item.verifier])
}

# The time that is proven, not the one that is claimed.
deny contains {"code": "stale", "msg": msg, "facts": [item.evidence]} if {
	some item in heard
	not is_fresh(item)
	msg := sprintf("the summary of %s is of %s, more than %v days old or not proven at all", [
		item.verifier,
		item.proven,
		max_days,
	])
}

deny contains {"code": "level", "msg": msg, "facts": [item.evidence]} if {
	some item in heard
	some verifier in listed
	speaks(verifier, item)
	some level in object.get(verifier, "levels", [])
	not level in item.levels
	msg := sprintf("the summary of %s does not give %s", [item.verifier, level])
}

heard contains item if {
	some item in input.summaries.items
	some verifier in listed
	speaks(verifier, item)
	item.resource_uri == verifier.resource_uri
}

speaks(verifier, item) if {
	verifier.id == item.verifier
	item.kind == "certificate"
	verifier.identity == item.identity
	verifier.issuer == item.issuer
}

speaks(verifier, item) if {
	verifier.id == item.verifier
	item.kind == "key"
	verifier.key_id == item.key_id
}

is_fresh(item) if {
	item.proven != ""
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(item.proven)
	age <= (((max_days * 24) * 3600) * 1000000000)
}
