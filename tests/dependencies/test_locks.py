"""Locks judged: small written manifests and locks, each kind of disagreement by name, and what stays unknown."""

import hashlib
import json

import pytest

from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.markers import holds
from assay.dependencies.locks.php import content_hash
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.lock import counts
from writtentrees import tree

SRI = "sha512-" + "A" * 86 + "=="
SHA = "sha256:" + "ab" * 32


def judge(files: dict[str, str], *, installed: bool = False, limits: Limits = DEFAULT_LIMITS):
    return tree(files, installed=installed, limits=limits).locks


def only(files: dict[str, str], **how):
    (state,) = judge(files, **how)
    return state


def kinds(state) -> set[tuple[str, str]]:
    return {(one.kind, one.package) for one in state.disagreements}


def npm(packages: dict, root: dict | None = None) -> str:
    entries = {f"node_modules/{name}": {"version": v, "integrity": SRI} for name, v in packages.items()}
    return json.dumps({"lockfileVersion": 3, "packages": {"": root or {}} | entries})


ASK = {"dependencies": {"a": "^1.0.0"}}
PACKAGE = json.dumps(ASK)


def test_a_lock_in_step_has_nothing_to_say():
    state = only({"p/package.json": PACKAGE, "p/package-lock.json": npm({"a": "1.2.0"}, ASK)})
    assert (state.present, state.hashed, state.with_manifest, state.with_installed) == ("yes", "all", "yes", "absent")
    assert (state.manifest, state.lock, state.entries_count) == ("p/package.json", "p/package-lock.json", 1)
    assert not state.disagreements
    assert not state.reasons


def test_a_manifest_without_a_lock_is_named():
    state = only({"package.json": PACKAGE})
    assert (state.present, state.hashed, state.with_manifest) == ("no", "none", "absent")
    assert kinds(state) == {("missing-lock", "")}


def test_a_manifest_that_asks_for_nothing_needs_no_lock():
    assert judge({"package.json": '{"name": "x"}', "pyproject.toml": "[tool.ruff]\n"}) == ()


def test_published_manifests_are_no_projects():
    assert judge({"node_modules/a/package.json": PACKAGE, "usr/lib/python3/dist-packages/x/setup.py": "x"}) == ()


def test_every_kind_of_difference_to_the_manifest():
    asked = {"dependencies": {"a": "^2.0.0", "b": "1.x", "new": "^1"}}
    copy = {"dependencies": {"a": "^1.0.0", "b": "1.x", "old": "*"}}
    state = only({"package.json": json.dumps(asked), "package-lock.json": npm({"a": "1.2.0", "b": "1.0.0"}, copy)})
    assert state.with_manifest == "no"
    assert kinds(state) == {
        ("other-constraint", "a"), ("constraint", "a"), ("not-recorded", "new"), ("not-locked", "new"),
        ("not-wanted", "old"),
    }  # fmt: skip
    found = next(one for one in state.disagreements if one.kind == "constraint")
    assert (found.expected, found.found, found.where) == ("^2.0.0", "1.2.0", "package-lock.json")


def test_a_constraint_nobody_can_read_is_unknown_with_its_reason():
    ask = {"dependencies": {"a": "latest"}}
    state = only({"package.json": json.dumps(ask), "package-lock.json": npm({"a": "1.2.0"}, ask)})
    assert state.with_manifest == "unknown"
    assert "latest" in state.reasons[0]


def test_an_entry_without_a_digest_is_named():
    lock = json.loads(npm({"a": "1.0.0", "b": "1.0.0"}, ASK))
    del lock["packages"]["node_modules/b"]["integrity"]
    state = only({"package.json": PACKAGE, "package-lock.json": json.dumps(lock)})
    assert (state.hashed, state.unhashed_count) == ("some", 1)
    assert ("unhashed", "b 1.0.0") in kinds(state)


@pytest.mark.parametrize("installed", [False, True])
def test_node_modules_against_the_lock(installed):
    files = {
        "app/package.json": PACKAGE,
        "app/package-lock.json": npm({"a": "1.2.0", "b": "1.0.0", "c": "3.0.0"}, ASK),
        "app/node_modules/a/package.json": '{"name": "a", "version": "1.2.0"}',
        "app/node_modules/b/package.json": '{"name": "b", "version": "1.0.1"}',
        "app/node_modules/x/package.json": '{"name": "x", "version": "9.0.0"}',
    }
    state = only(files, installed=installed)
    assert (state.with_installed, state.installed) == ("no", "app/node_modules")
    assert kinds(state) == {("other-version", "b"), ("not-installed", "c"), ("not-in-lock", "x")}


def test_development_packages_may_be_left_out():
    lock = json.loads(npm({"a": "1.2.0", "d": "1.0.0"}, ASK))
    lock["packages"]["node_modules/d"]["dev"] = True
    files = {
        "package.json": PACKAGE,
        "package-lock.json": json.dumps(lock),
        "node_modules/a/package.json": '{"name": "a", "version": "1.2.0"}',
    }
    assert only(files).with_installed == "yes"


def test_members_of_a_workspace_share_the_root_lock():
    root = {"workspaces": ["w/*"]}
    lock = json.loads(npm({"a": "1.2.0"}, root))
    lock["packages"]["w/one"] = {"name": "one"} | ASK
    lock["packages"]["node_modules/one"] = {"link": True, "resolved": "w/one"}
    found = judge({"package-lock.json": json.dumps(lock), "w/one/package.json": PACKAGE})
    assert {(one.manifest, one.lock, one.with_manifest) for one in found} == {
        ("", "package-lock.json", "absent"), ("w/one/package.json", "package-lock.json", "yes")
    }  # fmt: skip


def test_what_a_member_has_installed_for_itself_is_compared_too():
    lock = json.loads(npm({"a": "1.2.0"}, {"workspaces": ["w/*"]}))
    lock["packages"]["w/one"] = {"name": "one", "dependencies": {"b": "^2.0.0"}}
    lock["packages"]["w/one/node_modules/b"] = {"version": "2.0.0", "integrity": SRI}
    files = {
        "package-lock.json": json.dumps(lock),
        "w/one/package.json": '{"dependencies": {"b": "^2.0.0"}}',
        "node_modules/a/package.json": '{"name": "a", "version": "1.2.0"}',
        "w/one/node_modules/b/package.json": '{"name": "b", "version": "2.0.0"}',
    }
    assert {one.with_installed for one in judge(files)} == {"yes"}


def test_a_shrinkwrap_comes_before_the_lock():
    files = {"package.json": PACKAGE, "package-lock.json": npm({}), "npm-shrinkwrap.json": npm({"a": "1.0.0"}, ASK)}
    assert only(files).lock == "npm-shrinkwrap.json"


def test_pnpm_yarn_and_their_copies():
    pnpm = (
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n"
        "        version: 1.2.0\npackages:\n  a@1.2.0:\n    resolution: {integrity: " + SRI + "}\n"
        "snapshots:\n  a@1.2.0: {}\n"
    )
    assert only({"package.json": PACKAGE, "pnpm-lock.yaml": pnpm}).with_manifest == "yes"
    state = only({"package.json": PACKAGE, "pnpm-lock.yaml": pnpm.replace("specifier: ^1.0.0", "specifier: ^1.1.0")})
    assert kinds(state) == {("other-constraint", "a")}
    classic = f'# yarn lockfile v1\n\na@^1.0.0:\n  version "1.2.0"\n  integrity {SRI}\n'
    state = only({"package.json": PACKAGE, "yarn.lock": classic})
    assert (state.tool, state.hashed, state.with_manifest) == ("yarn", "all", "yes")


def test_yarn_does_not_say_who_wants_a_missing_package():
    classic = "".join(f'{n}@^1.0.0:\n  version "1.2.0"\n  integrity {SRI}\n\n' for n in ("a", "o", "t"))
    ask = ASK | {"optionalDependencies": {"o": "^1.0.0"}}
    files = {
        "package.json": json.dumps(ask),
        "yarn.lock": classic,
        "node_modules/a/package.json": '{"name": "a", "version": "1.2.0"}',
    }
    state = only(files)
    assert (state.with_installed, state.disagreements) == ("unknown", ())
    assert state.reasons == ("t 1.2.0 is not installed; whether it is needed here is not recorded",)
    files["node_modules/t/package.json"] = files.pop("node_modules/a/package.json").replace('"a"', '"t"')
    assert kinds(only(files)) == {("not-installed", "a")}


UV = """version = 1
[[package]]
name = "u"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "a" }}, {{ name = "w", marker = "sys_platform == 'win32'" }}]
[package.metadata]
requires-dist = [{{ name = "a", specifier = "{copy}" }}, {{ name = "w", marker = "sys_platform == 'win32'" }}]
[[package]]
name = "a"
version = "1.5"
source = {{ registry = "https://example" }}
sdist = {{ url = "x", hash = "{sha}" }}
[[package]]
name = "w"
version = "2"
source = {{ registry = "https://example" }}
sdist = {{ url = "x", hash = "{sha}" }}
"""
PYPROJECT = """[project]
name = "u"
dependencies = ["A >=1, <2", "w; sys_platform == 'win32'"]
"""


def uv(copy: str = "<2,>=1") -> str:
    return UV.format(copy=copy, sha=SHA)


def test_uv_remembers_the_requirements_in_another_order():
    assert only({"pyproject.toml": PYPROJECT, "uv.lock": uv()}).with_manifest == "yes"
    assert kinds(only({"pyproject.toml": PYPROJECT, "uv.lock": uv(">=1")})) == {("other-constraint", "a")}


SITE = "app/.venv/lib/python3.11/site-packages"


def test_a_package_for_another_system_need_not_be_installed():
    files = {
        "app/pyproject.toml": PYPROJECT,
        "app/uv.lock": uv(),
        f"{SITE}/a-1.5.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: a\nVersion: 1.5.0\n",
        f"{SITE}/pip-24.dist-info/METADATA": "Metadata-Version: 2.1\nName: pip\nVersion: 24\n",
    }
    state = only(files, installed=True)
    assert (state.with_installed, state.installed) == ("yes", SITE)
    files[f"{SITE}/z-1.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: z\nVersion: 1\n"
    assert kinds(only(files, installed=True)) == {("not-in-lock", "z")}


def test_several_environments_are_no_answer():
    text = "Metadata-Version: 2.1\nName: a\nVersion: 9\n"
    files = {"app/pyproject.toml": PYPROJECT, "app/uv.lock": uv()}
    files |= {f"opt/{x}/lib/python3.11/site-packages/a-9.dist-info/METADATA": text for x in "xy"}
    state = only(files, installed=True)
    assert state.with_installed == "unknown"
    assert "2 environments" in state.reasons[0]


def test_requirements_that_pin_all_are_a_lock_of_their_input():
    files = {"requirements.in": "a>=2\n", "requirements.txt": f"a==1.5 --hash={SHA}\nb==1\n"}
    state = only(files)
    assert (state.tool, state.manifest, state.hashed) == ("pip", "requirements.in", "some")
    assert ("constraint", "a") in kinds(state)
    assert only({"requirements.txt": "a>=1\n"}).present == "no"


def test_pins_without_a_word_about_their_source_lock_what_they_hold_entirely():
    project = '[project]\nname = "x"\ndependencies = ["a>=1"]\n'
    assert only({"pyproject.toml": project, "requirements/core.lock": "a==1\n"}).with_manifest == "yes"


def test_a_digest_of_another_manifest():
    pipfile = '[packages]\na = "*"\n'
    meta = {
        "_meta": {"sources": [], "requires": {}}, "default": {"a": "*"}, "develop": {}
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def lock(value: str) -> str:
        body = {"a": {"version": "==1.0", "hashes": [SHA]}}
        return json.dumps({"_meta": {"hash": {"sha256": value}}, "default": body, "develop": {}})

    assert only({"Pipfile": pipfile, "Pipfile.lock": lock(digest)}).with_manifest == "yes"
    assert kinds(only({"Pipfile": pipfile, "Pipfile.lock": lock("00" * 32)})) == {("content-hash", "")}


H1 = "h1:" + "A" * 43 + "="


def test_go_binds_what_go_mod_chooses_and_vendor_must_follow():
    mod = "module x\n\ngo 1.21\n\nrequire (\n\tex.org/a v1.0.0\n\tex.org/b v1.2.0\n)\n"
    good = f"ex.org/a v1.0.0 {H1}\nex.org/a v1.0.0/go.mod {H1}\nex.org/b v1.2.0 {H1}\nex.org/z v9.0.0/go.mod {H1}\n"
    assert only({"go.mod": mod, "go.sum": good}).with_manifest == "yes"
    state = only({"go.mod": mod, "go.sum": good.replace("b v1.2.0", "b v1.1.0")})
    assert kinds(state) == {("constraint", "ex.org/b")}
    vendor = "# ex.org/a v1.0.1\n## explicit\nex.org/a\n"
    state = only({"go.mod": mod, "go.sum": good, "vendor/modules.txt": vendor})
    assert kinds(state) == {("other-version", "ex.org/a"), ("not-installed", "ex.org/b")}


def test_cargo_and_its_vendored_crates():
    lock = 'version = 3\n[[package]]\nname = "a_b"\nversion = "1.4.0"\nsource = "registry+x"\nchecksum = "%s"\n'
    lock = lock % ("ab" * 32) + '[[package]]\nname = "me"\nversion = "0.1.0"\n'
    files = {"Cargo.toml": '[dependencies]\na-b = "1.2"\n', "Cargo.lock": lock}
    state = only(files)
    assert (state.hashed, state.with_manifest) == ("all", "yes")
    files["vendor/a_b/Cargo.toml"] = '[package]\nname = "a_b"\nversion = "1.3.0"\n'
    assert kinds(only(files)) == {("other-version", "a-b")}
    files = {"Cargo.toml": '[dependencies]\na_b = "2"\n', "Cargo.lock": lock}
    assert kinds(only(files)) == {("constraint", "a-b")}


GEMS = "GEM\n  remote: x\n  specs:\n    rake (13.0.6)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rake (~> 13.0)\n"


def test_a_gemfile_is_read_as_far_as_it_is_plain():
    plain = 'source "https://example"\n\ngem "rake", "~> 13.0"\n'
    state = only({"Gemfile": plain, "Gemfile.lock": GEMS})
    assert (state.hashed, state.with_manifest) == ("impossible", "yes")
    assert kinds(only({"Gemfile": plain.replace("13", "12"), "Gemfile.lock": GEMS})) == {
        ("other-constraint", "rake"), ("constraint", "rake")
    }  # fmt: skip
    state = only({"Gemfile": plain + 'eval_gemfile "x"\n', "Gemfile.lock": GEMS})
    assert state.with_manifest == "unknown"


def test_composer():
    manifest = {"name": "x/y", "require": {"php": ">=8", "v/a": "^1.2"}}
    lock = {
        "content-hash": content_hash(manifest),
        "packages": [{"name": "v/a", "version": "v1.3.0", "dist": {"shasum": "a" * 40}}],
        "packages-dev": [],
    }
    files = {"composer.json": json.dumps(manifest), "composer.lock": json.dumps(lock)}
    assert only(files).with_manifest == "yes"
    there = {"packages": [{"name": "v/a", "version": "v1.2.0"}]}
    files["vendor/composer/installed.json"] = json.dumps(there)
    assert kinds(only(files)) == {("other-version", "v/a")}
    manifest["require"]["v/a"] = "^2.0"
    files["composer.json"] = json.dumps(manifest)
    assert {("content-hash", ""), ("constraint", "v/a")} <= kinds(only(files))


def test_manifests_that_are_not_read_leave_the_answer_open():
    state = only({"mix.exs": "defp deps do\n", "mix.lock": "%{\n}\n"})
    assert (state.present, state.with_manifest) == ("yes", "unknown")
    assert "mix.exs" in state.reasons[0]


def test_a_damaged_lock_is_there_and_unknown():
    state = only({"package.json": PACKAGE, "package-lock.json": "{"})
    assert (state.present, state.hashed, state.with_manifest) == ("yes", "unknown", "unknown")


def test_disagreements_are_bounded_and_counted():
    ask = {"dependencies": {f"p{n}": "1.0.0" for n in range(9)}}
    files = {"package.json": json.dumps(ask), "package-lock.json": npm({}, ask)}
    state = only(files, limits=Limits(lock_disagreements_count=5))
    assert (len(state.disagreements), state.more_count) == (5, 4)


def test_counts():
    found = judge({"a/package.json": PACKAGE, "b/package.json": PACKAGE, "b/package-lock.json": npm({}, ASK)})
    assert counts(found) == {"total": 2, "missing": 1, "unhashed": 0, "drifted": 1, "undecided": 0}


@pytest.mark.parametrize(
    ("ecosystem", "wanted", "version", "answer"),
    [
        ("npm", "^1.2.0", "1.9.9", True), ("npm", "^0.2.3", "0.3.0", False), ("npm", "^0.0.3", "0.0.4", False),
        ("npm", "~1.2", "1.3.0", False), ("npm", "1.x || >=2.5.0 || 5.0.0 - 7.2.3", "2.4.0", False),
        ("npm", "5.0.0 - 7.2.3", "7.2.3", True), ("npm", ">=1.2 <2", "2.0.0", False), ("npm", "", "2.0.0-rc.1", True),
        ("npm", ">= 1.0.0", "1.1.0-beta.1", False), ("npm", "^1.0.0-beta.1", "1.0.0-beta.2", True),
        ("npm", "<=1.2", "1.2.9", True), ("npm", ">1.2", "1.2.9", False), ("npm", "next", "1.0.0", None),
        ("cargo", "1.2", "1.9.0", True), ("cargo", "1.2", "2.0.0", False), ("cargo", ">=1, <2", "2.0.0", False),
        ("cargo", "=1.2.3", "1.2.4", False), ("gem", "~> 1.2", "1.9", True), ("gem", "~> 1.2.0", "1.3.0", False),
        ("gem", ">= 1, != 2.0", "2.0.0", False), ("composer", "~1.2", "1.9.0", True),
        ("composer", "^1 || ^2", "v2.3.0", True), ("composer", "1.0.*", "1.1.0", False),
        ("composer", "dev-main", "1.0", None), ("pypi", "^2.0", "3.0", False), ("pypi", "~=1.4", "1.9", True),
        ("pypi", "2.31.0", "2.31", True), ("pypi", "no version", "1", None), ("golang", "v1.0.0", "v1.0.1", False),
        ("fortran", "1", "1", None), ("npm", "x" * 2000, "1.0.0", None),
    ],
)  # fmt: skip
def test_constraints(ecosystem, wanted, version, answer):
    assert satisfies(ecosystem, wanted, version) is answer


def test_markers_count_only_where_all_environments_agree():
    assert holds("sys_platform == 'win32'", "3.11") is False
    assert holds("platform_machine == 'x86_64'", "3.11") is None
    assert holds("sys_platform == 'darwin'", "3.11", ("linux", "darwin")) is None
    assert holds("python_version >= '3.9'", "") is None


def test_a_pylock_is_one_lock_with_or_without_a_name():
    content = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\n'
    project = '[project]\nname = "p"\nversion = "1"\ndependencies = ["a"]\n'
    for name in ("pylock.toml", "pylock.dev.toml"):
        assert only({"pyproject.toml": project, name: content}).lock == name
