package assay.rules.sbom_present_test

import rego.v1

import data.assay.rules.sbom_present

sbom(documents) := {"sbom": {"documents": documents}}

document(number) := {"format": "cyclonedx", "components_count": number, "evidence": "sha256:e"}

test_a_document_passes if {
	count(sbom_present.deny) == 0 with input as sbom([document(3)])
	count(sbom_present.warn) == 0 with input as sbom([document(3)])
}

test_none_is_refused if count(sbom_present.deny) == 1 with input as sbom([])

test_an_empty_document_is_told if count(sbom_present.warn) == 1 with input as sbom([document(0)])

image(distro, number) := {"image": {"configs": [{"distro": distro, "os_packages_count": number, "evidence": "sha256:i"}]}}

test_a_distribution_without_packages_is_refused if {
	facts := object.union(sbom([document(3)]), image("debian 12", 0))
	count(sbom_present.deny) == 1 with input as facts
}

test_packages_or_no_distribution_pass if {
	count(sbom_present.deny) == 0 with input as object.union(sbom([document(3)]), image("debian 12", 1))
	count(sbom_present.deny) == 0 with input as object.union(sbom([document(3)]), image("", 0))
}
