# METADATA
# scope: package
# title: The image was matched against advisories
# custom:
#   code: vuln.scan_present
#   severity: high
#   state: enforce
#   needs: [findings]
#   remedy: build or update the advisory database, and scan again
package assay.rules.vuln_scan_present

import rego.v1

deny contains {"code": "none", "msg": "no scan names this image"} if count(input.findings.scans) == 0

warn contains {"code": "uncovered", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	scan.uncovered_count > 0
	msg := sprintf("%d components are covered by no advisory source", [scan.uncovered_count])
}
