# METADATA
# scope: package
# title: The evidence proves that the build was hermetic
# custom:
#   code: build.hermetic
#   severity: high
#   state: off
#   needs: [builds]
#   remedy: trace the files of every step, and build sealed; verify --hermetic names what is missing
package assay.rules.build_hermetic

import rego.v1

deny contains {"code": "unproved", "msg": msg, "facts": build.evidence} if {
	some build in input.builds.items
	build.state != "proved"
	msg := sprintf("hermeticity is %s: %s", [build.state, concat(", ", array.concat(build.codes, build.not_covered))])
}

deny contains {"code": "nobody", "msg": "no build is described"} if count(input.builds.items) == 0
