# METADATA
# scope: package
# title: The image does not run as root
# custom:
#   code: image.non_root
#   severity: medium
#   state: warn
#   needs: [image]
#   remedy: set USER to a numeric id other than 0
package assay.rules.image_non_root

import rego.v1

default applies := false

applies if {
	some config in input.image.configs
	config.kind == "image"
}

deny contains {"code": "root", "msg": msg, "facts": [config.evidence]} if {
	some config in input.image.configs
	config.kind == "image"
	user := split(config.user, ":")[0]
	is_root(user)
	msg := sprintf("the configured user is %s", [name(user)])
}

is_root(user) if user in {"", "root"}

# `00` and `+0` are root as well.
is_root(user) if regex.match(`^\+?0+$`, user)

name("") := "not set, which is root"

name(user) := user if user != ""
