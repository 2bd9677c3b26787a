# METADATA
# scope: package
# title: A bill of materials exists
# custom:
#   code: sbom.present
#   severity: high
#   state: enforce
#   needs: [sbom]
#   remedy: scan the image and attest its SBOM
package assay.rules.sbom_present

import rego.v1

deny contains {"code": "none", "msg": "no document lists the components"} if count(input.sbom.documents) == 0

warn contains {"code": "empty", "msg": "a document lists no component at all", "facts": [document.evidence]} if {
	some document in input.sbom.documents
	document.components_count == 0
}
