# METADATA
# scope: package
# title: Every build type is listed
# custom:
#   code: provenance.build_type
#   severity: medium
#   state: off
#   needs: [provenance]
#   remedy: list the build type, or use a listed one
package assay.rules.provenance_build_type

import rego.v1

listed := data.parameters.provenance_build_type.build_types

deny contains {"code": "parameters", "msg": "data.parameters.provenance_build_type.build_types is no list"} if {
	not is_array(listed)
}

deny contains {"code": "unlisted", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	not item.build_type in listed
	msg := sprintf("the build type %s is not listed", [item.build_type])
}
