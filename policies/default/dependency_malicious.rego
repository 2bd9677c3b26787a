# METADATA
# scope: package
# title: No component is known to be malicious
# custom:
#   code: dependency.malicious
#   severity: critical
#   state: enforce
#   needs: [findings]
#   uses: [sbom]
#   remedy: remove the package, and treat every secret it could read as known
package assay.rules.dependency_malicious

import rego.v1

deny contains {"code": "malicious", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	some item in scan.open
	item.category == "malicious"
	msg := sprintf("%s: %s is malicious", [item.id, item.component])
}
