# METADATA
# scope: package
# title: There is provenance
# custom:
#   code: provenance.present
#   severity: high
#   state: off
#   needs: [provenance]
#   remedy: attest SLSA provenance in the build
package assay.rules.provenance_present

import rego.v1

deny contains {"code": "unsigned", "msg": "no provenance is signed by somebody else than this process"} if {
	count([item | some item in input.provenance.items; item.kind != "self"]) == 0
}
