# METADATA
# scope: package
# title: No runtime or framework has reached its end of life
# custom:
#   code: component.eol
#   severity: medium
#   state: warn
#   needs: [lifetimes]
#   remedy: move to a release that is still maintained
package assay.rules.component_eol

import rego.v1

deny contains {"code": "ended", "msg": msg, "facts": [item.evidence]} if {
	some item in input.lifetimes.items
	item.lifecycle == "ended"
	msg := sprintf("%s has ended%s", [item.name, on(item)])
}

warn contains {"code": "soon", "msg": msg, "facts": [item.evidence]} if {
	some item in input.lifetimes.items
	item.soon
	msg := sprintf("%s ends%s", [item.name, on(item)])
}

# What nobody knows of is said, not refused: new releases are in no data yet.
warn contains {"code": "unknown", "msg": msg, "facts": [item.evidence]} if {
	some item in input.lifetimes.items
	item.lifecycle == "unknown"
	msg := sprintf("nobody knows when %s ends", [item.name])
}

on(item) := concat("", [" on ", item.ends]) if item.ends != ""

on(item) := "" if item.ends == ""
