# METADATA
# scope: package
# title: The image was matched against advisories
# custom:
#   code: vuln.scan_present
#   severity: high
#   state: enforce
#   needs: [findings]
#   uses: [image]
#   remedy: build or update the advisory database, and scan again
package assay.rules.vuln_scan_present

import rego.v1

deny contains {"code": "none", "msg": "no scan names this image"} if count(input.findings.scans) == 0

# Advisories of a distribution judge its packages only where it is known which one it is.
deny contains {"code": "unknown_distribution", "msg": msg, "facts": [config.evidence]} if {
	some config in input.image.configs
	config.distro == ""
	config.os_packages_count > 0
	msg := sprintf("%d system packages of an unknown distribution were matched against nothing", [config.os_packages_count])
}

# Not one system package judged is no scan of the system.
deny contains {"code": "nothing_covered", "msg": msg, "facts": [scan.evidence]} if {
	some config in input.image.configs
	config.distro != ""
	config.os_packages_count > 0
	some scan in input.findings.scans
	scan.uncovered_os_count >= config.os_packages_count
	msg := sprintf("no advisory source speaks for any system package of %s", [config.distro])
}

warn contains {"code": "uncovered", "msg": msg, "facts": [scan.evidence]} if {
	some scan in input.findings.scans
	scan.uncovered_count > 0
	msg := sprintf("%d components are covered by no advisory source", [scan.uncovered_count])
}
