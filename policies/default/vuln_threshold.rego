# METADATA
# scope: package
# title: No open finding of a refused severity that could be fixed
# custom:
#   code: vuln.threshold
#   severity: high
#   state: enforce
#   needs: [findings]
#   uses: [vex]
#   remedy: upgrade the packages named, or state in VEX why the image is not affected
package assay.rules.vuln_threshold

import rego.v1

parameters := data.parameters.vuln_threshold

deny contains {"code": "parameters", "msg": "data.parameters.vuln_threshold is missing or malformed"} if not configured

# A word that no finding can have would refuse nothing.
configured if {
	is_array(parameters.severities)
	count(parameters.severities) > 0
	every word in parameters.severities { word in {"critical", "high", "medium", "low", "none", "unknown"} }
	is_boolean(parameters.only_fixable)
}

deny contains {"code": "open", "msg": msg, "facts": [scan.evidence]} if {
	configured
	some scan in input.findings.scans
	some item in scan.open
	item.severity in parameters.severities
	counts(item)
	msg := sprintf("%s in %s is %s%s%s", [item.id, item.component, item.severity, remark(item), doubt(item)])
}

# A scanner that does not say whether there is a fix gives no reason to look away.
counts(item) if item.fixable != "no"

counts(_) if not parameters.only_fixable

remark(item) := concat("", [", fixed in ", item.fixed_in]) if item.fixed_in != ""

remark(item) := "" if item.fixed_in == ""

# What cannot be determined is open, and stands apart in the report: the reader shall find it there.
default doubt(_) := ""

doubt(item) := "; whether it is affected cannot be determined" if item.status == "undetermined"

warn contains {"code": "unrated", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	unrated := [item | some item in scan.open; item.severity == "unknown"]
	count(unrated) > 0
	msg := sprintf("%d open findings have no known severity", [count(unrated)])
}
