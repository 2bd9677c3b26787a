# METADATA
# scope: package
# title: No open finding is known to be exploited
# custom:
#   code: vuln.kev
#   severity: critical
#   state: enforce
#   needs: [findings]
#   uses: [vex]
#   remedy: upgrade the packages named now
package assay.rules.vuln_kev

import rego.v1

deny contains {"code": "exploited", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	some item in scan.open
	item.exploited
	msg := sprintf("%s in %s is known to be exploited", [item.id, item.component])
}

# Without the catalogue "nothing is exploited" rests on nothing.
warn contains {"code": "no_catalogue", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	not has_catalogue(scan)
	msg := "the advisory database holds no catalogue of exploited vulnerabilities: nobody looked"
}

has_catalogue(scan) if {
	some feed in scan.feeds
	startswith(feed.name, "kev")
}
