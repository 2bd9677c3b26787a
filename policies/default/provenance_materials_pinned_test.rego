package assay.rules.provenance_materials_pinned_test

import rego.v1

import data.assay.rules.provenance_materials_pinned

facts(unpinned, all) := {"provenance": {"items": [{
	"materials_count": all,
	"unpinned": unpinned,
	"unpinned_count": count(unpinned),
	"evidence": "sha256:e",
}]}}

test_pinned_ones_passes if count(provenance_materials_pinned.deny) == 0 with input as facts([], 2)

test_one_without_a_digest_is_refused if count(provenance_materials_pinned.deny) == 1 with input as facts(["git+https://a.test"], 2)

test_none_at_all_is_refused if count(provenance_materials_pinned.deny) == 1 with input as facts([], 0)
