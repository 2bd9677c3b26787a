package assay.rules.provenance_level_test

import rego.v1

import data.assay.rules.provenance_level

facts(level) := {"provenance": {"items": [{"level": level, "builder": "https://b.test", "evidence": "sha256:e"}]}}

second := {"min_level": 2}

test_enough_passes if count(provenance_level.deny) == 0 with input as facts(2) with data.parameters.provenance_level as second

test_less_is_refused if count(provenance_level.deny) == 1 with input as facts(1) with data.parameters.provenance_level as second

test_missing_parameters_are_refused if count(provenance_level.deny) > 0 with input as facts(3) with data.parameters as {}
