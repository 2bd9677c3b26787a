package assay.rules.locks_in_step_test

import rego.v1

import data.assay.rules.locks_in_step

good := {
	"ecosystem": "npm", "manifest": "app/package.json", "lock": "app/package-lock.json",
	"present": "yes", "hashed": "all", "with_manifest": "yes", "with_installed": "yes", "disagreements_count": 0,
}

none := {"total": 1, "missing": 0, "unhashed": 0, "drifted": 0, "undecided": 0}

image(lock, counts) := {"locks": {"images": [{
	"counts": object.union(none, counts),
	"locks": [object.union(good, lock)],
	"evidence": "sha256:e",
}]}}

test_a_lock_in_step_passes if {
	count(locks_in_step.deny) == 0 with input as image({}, {})
	locks_in_step.applies with input as image({}, {})
}

test_an_image_without_projects_is_not_asked if {
	not locks_in_step.applies with input as image({}, {"total": 0})
}

test_a_missing_lock_is_refused if {
	found := locks_in_step.deny with input as image({"present": "no", "lock": ""}, {"missing": 1})
	some reason in found
	reason.code == "missing"
	contains(reason.msg, "app/package.json")
}

test_drift_from_the_manifest_is_refused if {
	count(locks_in_step.deny) == 1 with input as image({"with_manifest": "no"}, {"drifted": 1})
}

test_drift_from_the_disk_is_refused_by_name if {
	found := locks_in_step.deny with input as image({"with_installed": "no"}, {"drifted": 1})
	some reason in found
	contains(reason.msg, "app/package-lock.json")
}

test_what_cannot_be_decided_is_refused if {
	count(locks_in_step.deny) == 1 with input as image({"with_manifest": "unknown"}, {"undecided": 1})
}

test_a_lock_without_digests_is_not_this_rules_matter if {
	count(locks_in_step.deny) == 0 with input as image({"hashed": "none"}, {"unhashed": 1})
}

test_one_and_many if {
	some one in locks_in_step.deny with input as image({"with_installed": "no"}, {"drifted": 1})
	startswith(one.msg, "1 lock is out of step: ")
	some many in locks_in_step.deny with input as image({"with_installed": "no"}, {"drifted": 2})
	startswith(many.msg, "2 locks are out of step: ")
}
