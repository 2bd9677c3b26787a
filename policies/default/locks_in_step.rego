# METADATA
# scope: package
# title: Locks are there, and in step with their manifests and with what is installed
# custom:
#   code: locks.in_step
#   severity: low
#   state: warn
#   needs: [locks]
#   remedy: let the package manager lock anew, install from the lock alone, and ship both
package assay.rules.locks_in_step

import rego.v1

default applies := false

applies if {
	some image in input.locks.images
	image.counts.total > 0
}

deny contains {"code": "missing", "msg": msg, "facts": [image.evidence]} if {
	some image in input.locks.images
	image.counts.missing > 0
	named := [lock.manifest | some lock in image.locks; lock.present == "no"]
	msg := sprintf("%s no lock: %s", [said(image.counts.missing, "project has", "projects have"), first(named)])
}

deny contains {"code": "drift", "msg": msg, "facts": [image.evidence]} if {
	some image in input.locks.images
	image.counts.drifted > 0
	named := [lock.lock | some lock in image.locks; "no" in {lock.with_manifest, lock.with_installed}]
	msg := sprintf("%s out of step: %s", [said(image.counts.drifted, "lock is", "locks are"), first(named)])
}

deny contains {"code": "undecided", "msg": msg, "facts": [image.evidence]} if {
	some image in input.locks.images
	image.counts.undecided > 0
	msg := sprintf("of %s nobody can tell whether in step", [said(image.counts.undecided, "lock", "locks")])
}

said(number, one, _) := sprintf("%d %s", [number, one]) if number == 1

said(number, _, many) := sprintf("%d %s", [number, many]) if number != 1

first(names) := concat(", ", array.slice(names, 0, 3))
