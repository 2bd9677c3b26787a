package assay.rules.image_non_root_test

import rego.v1

import data.assay.rules.image_non_root

image(kind, user) := {"image": {"configs": [{"kind": kind, "user": user, "evidence": "sha256:e"}]}}

test_root_in_every_spelling_is_refused if {
	every user in ["", "root", "0", "0:0", "root:root", "00", ":5"] {
		count(image_non_root.deny) == 1 with input as image("image", user)
	}
}

test_another_user_passes if {
	every user in ["1000", "65532:0", "app", "10"] {
		count(image_non_root.deny) == 0 with input as image("image", user)
	}
}

test_applies_to_images if image_non_root.applies with input as image("image", "1")

test_does_not_apply_to_a_folder if not image_non_root.applies with input as image("directory", "")
