# METADATA
# scope: package
# title: The Build level is high enough
# custom:
#   code: provenance.level
#   severity: high
#   state: off
#   needs: [provenance]
#   remedy: build it on a platform whose signer a row vouches for
package assay.rules.provenance_level

import rego.v1

min_level := data.parameters.provenance_level.min_level

deny contains {"code": "parameters", "msg": "data.parameters.provenance_level.min_level is no number"} if {
	not is_number(min_level)
}

# The level is that of the signer's row; a provenance's own text never raises it.
deny contains {"code": "low", "msg": msg, "facts": [item.evidence]} if {
	some item in input.provenance.items
	item.level < min_level
	msg := sprintf("SLSA Build level %d, less than %d: built by %s", [item.level, min_level, item.builder])
}
