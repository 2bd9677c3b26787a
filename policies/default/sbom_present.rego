# METADATA
# scope: package
# title: A bill of materials exists
# custom:
#   code: sbom.present
#   severity: high
#   state: enforce
#   needs: [sbom]
#   uses: [image]
#   remedy: scan the image and attest its SBOM
package assay.rules.sbom_present

import rego.v1

deny contains {"code": "none", "msg": "no document lists the components"} if count(input.sbom.documents) == 0

# A distribution without a single package is not clean: nobody could see what is installed.
deny contains {"code": "no_os_packages", "msg": msg, "facts": [config.evidence]} if {
	some config in input.image.configs
	config.distro != ""
	config.os_packages_count == 0
	msg := sprintf("the system is %s, but no package of it could be found", [config.distro])
}

warn contains {"code": "empty", "msg": "a document lists no component at all", "facts": [document.evidence]} if {
	some document in input.sbom.documents
	document.components_count == 0
}
