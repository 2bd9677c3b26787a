# METADATA
# scope: package
# title: Every provenance is of a listed builder, and its signer may speak for it
# custom:
#   code: provenance.builder
#   severity: critical
#   state: off
#   needs: [provenance]
#   remedy: build it with a listed builder that signs its own provenance
package assay.rules.provenance_builder

import rego.v1

listed := data.parameters.provenance_builder.builders

deny contains {"code": "parameters", "msg": "data.parameters.provenance_builder.builders is no list of patterns"} if {
	not is_array(listed)
}

# Every one, not just some: else the builder of one and the source of another would pass together.
deny contains {"code": "unlisted", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	not is_listed(item.builder)
	msg := sprintf("built by %s, which is not listed", [item.builder])
}

deny contains {"code": "signer", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	not item.speaks_for_builder
	msg := sprintf("whoever signed it may not speak for the builder %s", [item.builder])
}

deny contains {"code": "contradiction", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	item.contradiction != ""
	msg := sprintf("the provenance and its signer's certificate differ: %s", [item.contradiction])
}

is_listed(builder) if {
	some pattern in listed
	glob.match(pattern, ["/"], builder)
}
