# METADATA
# scope: package
# title: Only listed external parameters were given
# custom:
#   code: provenance.params
#   severity: high
#   state: off
#   needs: [provenance]
#   remedy: drop the parameter, or list it
package assay.rules.provenance_params

import rego.v1

listed := data.parameters.provenance_params.names

deny contains {"code": "parameters", "msg": "data.parameters.provenance_params.names is no list"} if not is_array(listed)

deny contains {"code": "unlisted", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	some name in item.parameter_names
	not name in listed
	msg := sprintf("the external parameter %s is not listed", [name])
}

deny contains {"code": "incomplete", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	not item.parameters_complete
	msg := "a provenance has more parameters, or longer ones, than are shown"
}
