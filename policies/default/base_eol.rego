# METADATA
# scope: package
# title: The distribution is still supported
# custom:
#   code: base.eol
#   severity: high
#   state: warn
#   needs: [base]
#   remedy: move to a supported release of the distribution
package assay.rules.base_eol

import rego.v1

default applies := false

# An image without a distribution has no release that could end.
applies if {
	some distribution in input.base.distributions
	distribution.name != ""
}

deny contains {"code": "ended", "msg": msg, "facts": [distribution.evidence]} if {
	some distribution in input.base.distributions
	distribution.lifecycle == "ended"
	msg := sprintf("%s has ended%s", [distribution.name, since(distribution)])
}

warn contains {"code": "soon", "msg": msg, "facts": [distribution.evidence]} if {
	some distribution in input.base.distributions
	distribution.soon
	msg := sprintf("%s ends on %s", [distribution.name, distribution.ends])
}

since(distribution) := concat("", [" on ", distribution.ends]) if distribution.ends != ""

since(distribution) := "" if distribution.ends == ""
