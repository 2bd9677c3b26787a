# METADATA
# scope: package
# title: The advisory data is recent
# custom:
#   code: vuln.scan_fresh
#   severity: high
#   state: warn
#   needs: [findings]
#   remedy: update the advisory database, and scan again
package assay.rules.vuln_scan_fresh

import rego.v1

max_days := data.parameters.vuln_scan_fresh.max_days

deny contains {"code": "parameters", "msg": "data.parameters.vuln_scan_fresh.max_days is no number"} if {
	not is_number(max_days)
}

deny contains {"code": "undated", "msg": "a scan does not say how old its data is", "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	scan.updated == ""
}

deny contains {"code": "stale", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	scan.updated != ""
	days := age_days(scan.updated)
	days > max_days
	msg := sprintf("the newest advisory data is of %s, %d days old, more than %d", [scan.updated, days, max_days])
}

# A date that is yet to come makes nothing young: one such record would keep a feed fresh for ever.
deny contains {"code": "future", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	scan.updated != ""
	age_days(scan.updated) < -1
	msg := sprintf("the newest advisory data claims to be of %s, which is yet to come", [scan.updated])
}

age_days(moment) := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(moment)) / ((24 * 3600) * 1000000000))
