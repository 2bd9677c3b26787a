package assay.rules.provenance_present_test

import rego.v1

import data.assay.rules.provenance_present

facts(kinds) := {"provenance": {"items": [{"kind": kind} | some kind in kinds]}}

test_a_signed_one_passes if count(provenance_present.deny) == 0 with input as facts(["self", "key"])

test_our_own_word_is_refused if count(provenance_present.deny) == 1 with input as facts(["self"])
