# METADATA
# scope: package
# title: It was built from a listed ref
# custom:
#   code: provenance.branch
#   severity: high
#   state: off
#   needs: [provenance]
#   remedy: release from a protected branch or tag
package assay.rules.provenance_branch

import rego.v1

listed := data.parameters.provenance_branch.refs

deny contains {"code": "parameters", "msg": "data.parameters.provenance_branch.refs is no list of patterns"} if {
	not is_array(listed)
}

deny contains {"code": "none", "msg": "a provenance names no ref", "facts": [item.evidence]} if {
	some item in input.provenance.items
	count([source | some source in item.sources; source.ref != ""]) == 0
}

deny contains {"code": "unlisted", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	some source in item.sources
	source.ref != ""
	not is_listed(source.ref)
	msg := sprintf("built from %s, which is not listed", [source.ref])
}

is_listed(ref) if {
	some pattern in listed
	glob.match(pattern, ["/"], ref)
}
