# METADATA
# scope: package
# title: It was built from a listed repository
# custom:
#   code: provenance.source_repo
#   severity: critical
#   state: off
#   needs: [provenance]
#   remedy: build it from the listed repository
package assay.rules.provenance_source_repo

import rego.v1

listed := data.parameters.provenance_source_repo.repositories

deny contains {"code": "parameters", "msg": "data.parameters.provenance_source_repo.repositories is no list"} if {
	not is_array(listed)
}

deny contains {"code": "none", "msg": "a provenance names no source", "facts": [item.evidence]} if {
	some item in input.provenance.items
	count(item.sources) == 0
}

deny contains {"code": "unlisted", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	some source in item.sources
	not source.repository in listed
	msg := sprintf("built from %s, which is not listed", [source.repository])
}
