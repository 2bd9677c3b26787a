# METADATA
# scope: package
# title: Nothing of a source archive that its tag does not have was opened by the build
# custom:
#   code: source.archives
#   severity: critical
#   state: enforce
#   needs: []
#   uses: [archives]
#   remedy: read the difference, take the source from its repository (type git), or write down that it is generated
package assay.rules.source_archives

import rego.v1

# An image of which no build record is believed, or whose sources were held against no tag, has nothing to weigh.
default applies := false

applies if input.archives.state == "present"

refused := data.parameters.source_archives.severities

deny contains {"code": "parameters", "msg": "data.parameters.source_archives is missing or malformed"} if not configured

# A word that no finding can have would refuse nothing.
configured if {
	is_array(refused)
	count(refused) > 0
	every word in refused { word in {"critical", "high", "medium", "low"} }
}

deny contains {"code": "opened", "msg": msg, "facts": [item.evidence]} if {
	some item in input.archives.items
	some severity in refused
	item.counts[severity] > 0
	named := [sprintf("%s %s", [one.code, one.path]) | some one in item.findings; one.severity == severity]
	msg := sprintf("%s (%s): %d %s: %s", [item.source, item.traced, item.counts[severity], severity, first(named)])
}

warn contains {"code": "unread", "msg": msg, "facts": [item.evidence]} if {
	some item in input.archives.items
	not "high" in refused
	item.counts.high > 0
	named := [sprintf("%s %s", [one.code, one.path]) | some one in item.findings; one.severity == "high"]
	msg := sprintf("%s (%s): %d high: %s", [item.source, item.traced, item.counts.high, first(named)])
}

first(names) := concat(", ", array.slice(names, 0, 3))
