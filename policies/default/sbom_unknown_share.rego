# METADATA
# scope: package
# title: Nearly everything in the bill of materials is identified
# custom:
#   code: sbom.unknown_share
#   severity: medium
#   state: warn
#   needs: [sbom]
#   remedy: find out what the unidentified parts are, and install them from a package
package assay.rules.sbom_unknown_share

import rego.v1

max_percent := data.parameters.sbom_unknown_share.max_percent

deny contains {"code": "parameters", "msg": "data.parameters.sbom_unknown_share.max_percent is no number"} if {
	not is_number(max_percent)
}

deny contains {"code": "share", "msg": msg, "facts": [document.evidence]} if {
	some document in input.sbom.documents
	document.unidentified_count * 100 > max_percent * document.components_count
	msg := sprintf("%d of %d components are unidentified, more than %v %%", [
		document.unidentified_count,
		document.components_count,
		max_percent,
	])
}
