# METADATA
# scope: package
# title: Every build step ran sealed off, without a network
# custom:
#   code: build.isolated
#   severity: high
#   state: off
#   needs: [builds]
#   remedy: build where every canary of the sandbox is closed (assay doctor), and take the network out of the step
package assay.rules.build_isolated

import rego.v1

asked := {"isolation", "network"}

deny contains {"code": "open", "msg": msg, "facts": row.evidence} if {
	some build in input.builds.items
	some row in build.rows
	row.check in asked
	row.state != "proved"
	msg := sprintf("step %s: %s is %s", [row.step, row.check, row.state])
}

deny contains {"code": "undescribed", "msg": "no build is described well enough to say how its steps ran"} if {
	count([build | some build in input.builds.items; described(build)]) == 0
}

described(build) if {
	some row in build.rows
	row.check == "steps"
	row.state == "proved"
}
