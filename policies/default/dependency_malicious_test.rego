package assay.rules.dependency_malicious_test

import rego.v1

import data.assay.rules.dependency_malicious

findings(category) := {"findings": {"scans": [{
	"evidence": "sha256:e",
	"open": [{"id": "MAL-1", "component": "a 1", "category": category}],
}]}}

test_malicious_is_refused if count(dependency_malicious.deny) == 1 with input as findings("malicious")

test_vulnerable_is_not_malicious if count(dependency_malicious.deny) == 0 with input as findings("vulnerability")
