# METADATA
# scope: package
# title: No rebuild of the image gave another one
# custom:
#   code: build.rebuild_mismatch
#   severity: high
#   state: enforce
#   needs: []
#   uses: [rebuilds]
#   remedy: find out what differs (assay rebuild --bisect), and build again from a step that does not
package assay.rules.build_rebuild_mismatch

import rego.v1

# Where nobody built it again there is nothing to hold against it; build.reproduced asks for a rebuild.
default applies := false

applies if input.rebuilds.state == "present"

deny contains {"code": "differs", "msg": msg, "facts": [item.evidence]} if {
	some item in input.rebuilds.items
	item.result != "PASSED"
	msg := sprintf("build.rebuild-mismatch: %s built it again and it is %s", [item.builder, said(item)])
}

said(item) := item.verdict if item.verdict != ""

said(item) := "another image" if item.verdict == ""
