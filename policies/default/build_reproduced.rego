# METADATA
# scope: package
# title: The build was reproduced
# custom:
#   code: build.reproduced
#   severity: medium
#   state: off
#   needs: [summaries]
#   remedy: rebuild it, and have a second operator rebuild it and sign a verification summary
package assay.rules.build_reproduced

import rego.v1

# One's own rebuild is no second opinion: it counts only where the parameter says so.
levels contains "SLSA_BUILD_REPRODUCED"

levels contains "ASSAY_REBUILT" if data.parameters.build_reproduced.own == true

reproduced contains item.evidence if {
	some item in input.summaries.items
	item.kind != "self"
	item.result == "PASSED"
	some level in item.levels
	level in levels
}

deny contains {"code": "once", "msg": "no trusted summary says that it was built twice with the same result"} if {
	count(reproduced) == 0
}
