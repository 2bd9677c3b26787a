# METADATA
# scope: package
# title: Every material has a digest
# custom:
#   code: provenance.materials_pinned
#   severity: high
#   state: off
#   needs: [provenance]
#   remedy: pin what the build takes in by its digest
package assay.rules.provenance_materials_pinned

import rego.v1

deny contains {"code": "none", "msg": "a provenance lists no materials", "facts": [item.evidence]} if {
	some item in input.provenance.items
	item.materials_count == 0
}

deny contains {"code": "unpinned", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	item.unpinned_count > 0
	msg := sprintf("%d of %d materials have no digest, %s among them", [
		item.unpinned_count,
		item.materials_count,
		item.unpinned[0],
	])
}
