"""Gradle, Swift and Haskell: what their manifests write out, laid beside what is locked; and what stays open."""

import time

import pytest

from assay.dependencies.cataloger import File
from assay.dependencies.chooser import run
from assay.dependencies.locks import ROWS
from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.gradle_scripts import wishes
from assay.dependencies.locks.gradle_versions import compare
from assay.model.limits import DEFAULT_LIMITS
from writtentrees import tree


def states(files: dict[str, str]):
    return tree(files).locks


def only(files: dict[str, str]):
    (state,) = states(files)
    return state


def kinds(state) -> set[tuple[str, str]]:
    return {(one.kind, one.package) for one in state.disagreements}


@pytest.mark.parametrize(
    ("wanted", "version", "answer"),
    [
        # a plain version and `require`: at least this one; another dependency may raise it, even out of a range
        ("1.5", "1.5", True), ("1.5", "1.6", True), ("1.5", "1.4", False), ("1.5", "1.5-rc1", False),
        ("require 1.5", "2.0", True), ("[1.0,2.0[", "1.9", True), ("[1.0,2.0[", "2.0", None), ("[1.0,2.0[", "0.9", False),
        ("1.+", "1.9", True), ("1.+", "2.0", None), ("1.+", "0.9", False), ("1.3+", "1.30", True), ("+", "9", True),
        # strictly: nothing else
        ("strictly 1.5", "1.5", True), ("strictly 1.5", "1.6", False), ("1.5!!", "1.6", False),
        ("strictly [1.0,2.0[", "2.0", False), ("strictly [1.0,2.0[", "2.0-rc1", False), ("strictly ]1.0,2.0]", "1.0", False),
        ("strictly (1.0,2.0]", "2.0", True), ("strictly [1.0,)", "9.1", True), ("strictly (,1.0]", "1.0.1", False),
        ("strictly 1.3.+", "1.30", False), ("strictly [1.2]", "1.2", True), ("[1.0,2.0[!!1.5", "2.1", False),
        # prefer gives way; reject does not
        ("prefer 1.5", "0.1", True), ("require 1.0 and reject 1.4", "1.4", False), ("reject +", "1.0", False),
        ("strictly [1.0,2.0[ and prefer 1.5 and reject 1.4", "1.5", True), ("require 1.0 and reject [1.4,1.6]", "1.5", False),
        # nobody here can tell
        ("latest.release", "1.0", None), ("?version", "1.0", None), ("[1.0", "1.0", None), ("strictly (1.0)", "1.0", None),
        ("require ?", "1.0", None),
    ],
)  # fmt: skip
def test_constraints_of_gradle(wanted: str, version: str, answer: bool | None) -> None:
    assert satisfies("maven", wanted, version) is answer


def test_the_order_of_gradle() -> None:
    # Gradle User Manual, "Version ordering": each below the next
    order = ["1.0-dev", "1.0-ALPHA", "1.0-alpha", "1.0-zeta", "1.0-rc", "1.0-snapshot", "1.0-final", "1.0-ga",
             "1.0-release", "1.0-sp", "1.0", "1.0.1", "1.1.a", "1.1", "1.1.0", "1.2", "1.10"]  # fmt: skip
    for at, low in enumerate(order):
        assert [compare(low, other) for other in order] == [1] * at + [0] + [-1] * (len(order) - at - 1)
    assert compare("1.0-RC-1", "1.0.rc.1") == compare("1.0-rc1", "1.0.rc.1") == 0


@pytest.mark.parametrize(
    ("wanted", "version", "answer"),
    [
        ("^1.2.3", "1.2.3", True), ("^1.2.3", "1.99.0", True), ("^1.2.3", "2.0.0", False), ("^0.1.0", "0.9.0", True),
        ("^1.2.3", "1.3.0-beta.1", False), ("^1.2.3-beta", "1.3.0-alpha", True), ("^1.2.3-beta", "2.0.0-alpha", False),
        ("~1.2.3", "1.2.9", True), ("~1.2.3", "1.3.0", False), ("=1.2.3", "1.2.3", True), ("=1.2.3", "1.2.4", False),
        ("1.0.0..<2.0.0", "2.0.0", False), ("1.0.0...2.0.0", "2.0.0", True), ("1.0.0...2.0.0", "2.0.1", False),
        ("1.0.0-a...2.0.0-b", "2.0.0", True), ("1.0.0-a...2.0.0-b", "2.0.1-b", False), ("1.0.0-a...2.0.0", "2.0.1-b", False),
        ("branch main", "branch main", True), ("branch main", "1.0.0", False), ("^1.0.0", "branch main", False),
        (f"revision {'a' * 40}", f"revision {'a' * 40}", True), (f"revision {'a' * 40}", f"revision {'b' * 40}", False),
        ("revision abc", f"revision {'a' * 40}", None), ("^1.0", "1.0.0", None), ("?", "1.0.0", None),
        ("1.0.0..<x", "1.0.0", None), ("branch ?", "branch main", None),
    ],
)  # fmt: skip
def test_requirements_of_swift(wanted: str, version: str, answer: bool | None) -> None:
    assert satisfies("swift", wanted, version) is answer


@pytest.mark.parametrize(
    ("wanted", "version", "answer"),
    [
        ("^>=1.2.3", "1.2.3", True), ("^>=1.2.3", "1.2.9.1", True), ("^>=1.2.3", "1.3", False), ("^>=1.2.3", "1.2", False),
        ("^>=1", "1.0.5", True), ("^>=1", "1.1", False), ("==1.2.*", "1.2", True), ("==1.2.*", "1.20", False),
        ("==1.2", "1.2", True), ("==1.2", "1.2.0", False), (">=4.7 && <5", "4.18.2.1", True), (">=4.7&&<5", "5", False),
        (">= 1 && < 2 || >= 3", "3.1", True), ("(>= 1 && < 2) || == 4.*", "2.5", False), ("-any", "1", True),
        ("-none", "1", False), ("^>={1.2, 1.4.1}", "1.4.5", True), ("=={1.2,1.4}", "1.3", False),
        (">=1 &&", "1", None), ("(>=1", "1", None), ("newest", "1", None), (">=1.*", "1", None), ("1.2", "1.3", None),
    ],
)  # fmt: skip
def test_ranges_of_cabal(wanted: str, version: str, answer: bool | None) -> None:
    assert satisfies("hackage", wanted, version) is answer


@pytest.mark.parametrize("ecosystem", ["maven", "swift", "hackage"])
def test_constraints_never_take_long(ecosystem: str) -> None:
    begun = time.process_time()
    for text in (
        "[" * 900, "(" * 900, "1." * 450, " and " * 190, "strictly " * 100, "{" * 900, "==1.2.* || " * 80, "1..<" * 200,
        ">=" * 400, "^>={" + "1," * 400 + "}", "(>=1)" * 180, "9" * 900, "1.0.0-" + "a." * 400, "\u0661.2", "!!" * 400,
    ):  # fmt: skip
        assert satisfies(ecosystem, text, "1.2.3") in (True, False, None)
        assert satisfies(ecosystem, "1.2.3", text) in (True, False, None)
    assert time.process_time() - begun < 2


GRADLE = """plugins { id 'java' }
buildscript { dependencies { classpath 'x:plugin:1' } }
def jackson = '2.15.0'
dependencyLocking { lockAllConfigurations() }
dependencies {
    // implementation 'not:there:1'
    implementation 'org.slf4j:slf4j-api:2.0.0', "com.fasterxml:jackson:$jackson"
    implementation(libs.spring.core) { exclude group: 'x' }
    api libs.bundles.web
    runtimeOnly group: 'com.h2database', name: 'h2', version: '[2.0,3.0['
    testImplementation("org.junit:junit:5.0") {
        version { strictly '[5.0, 6.0['
                  reject '5.3' }
    }
    implementation platform('org.boot:bom:3.0')
    implementation project(':core'), files('libs/a.jar')
    annotationProcessor 'org.lombok:lombok:1.18@jar'
}
"""
CATALOG = """[versions]
spring = { strictly = "[6.0,7.0[", prefer = "6.1" }
netty = "4.1.1"
[libraries]
spring-core = { module = "org.spring:core", version.ref = "spring" }
netty_http = { group = "io.netty", name = "http", version.ref = "netty" }
jetty = "org.jetty:server:11.0"
[bundles]
web = ["netty_http", "jetty"]
"""
LOCKED = {
    "org.slf4j:slf4j-api": "2.0.9", "com.fasterxml:jackson": "2.15.0", "org.spring:core": "6.1.0", "io.netty:http": "4.1.1",
    "org.jetty:server": "11.0", "com.h2database:h2": "2.2", "org.junit:junit": "5.4", "org.boot:bom": "3.0",
    "org.lombok:lombok": "1.18",
}  # fmt: skip
CONFIGURATIONS = "compileClasspath,runtimeClasspath,testCompileClasspath"


def gradle(script: str = GRADLE, name: str = "build.gradle", **changes: str | None):
    locked = LOCKED | changes
    rows = [f"{name}:{version}={CONFIGURATIONS}" for name, version in locked.items() if version]
    lock = "\n".join(["# a comment", *rows, "empty=annotationProcessor", ""])
    return only({f"app/{name}": script, "gradle/libs.versions.toml": CATALOG, "app/gradle.lockfile": lock})


def test_gradle_in_step() -> None:
    state = gradle()
    assert (state.present, state.hashed, state.with_manifest, state.reasons) == ("yes", "impossible", "yes", ())


def test_gradle_out_of_step() -> None:
    state = gradle(
        **{"org.slf4j:slf4j-api": "1.9", "org.spring:core": "7.0.1", "io.netty:http": None, "org.junit:junit": "5.3"}
    )
    assert state.with_manifest == "no"
    assert kinds(state) == {
        ("constraint", "org.slf4j:slf4j-api"), ("constraint", "org.spring:core"), ("not-locked", "io.netty:http"),
        ("constraint", "org.junit:junit"),
    }  # fmt: skip


def test_gradle_in_kotlin() -> None:
    script = """val v by extra("1")
    val slf = "2.0.0"
    dependencies {
        implementation("org.slf4j:slf4j-api:$slf")
        implementation(libs.spring.core)
        implementation(libs.jetty.get())
        "testImplementation"(group = "org.junit", name = "junit", version = "5.0")
        add("runtimeOnly", "com.h2database:h2:2.0")
        implementation(projects.core); implementation(kotlin("stdlib"))
    }"""
    state = gradle(script, "build.gradle.kts")
    assert kinds(state) == {("not-locked", "org.jetbrains.kotlin:kotlin-stdlib")}


def test_versions_of_gradle_properties() -> None:
    """Only versions are taken of them: passwords stand in such files too."""
    script = 'val slfVersion: String by project\ndependencies { implementation("org.slf4j:slf4j-api:$slfVersion") }'
    lock = "org.slf4j:slf4j-api:2.0.9=compileClasspath\n"
    files = {"app/build.gradle.kts": script, "app/gradle.lockfile": lock}
    assert only(files).with_manifest == "unknown"
    assert only({**files, "gradle.properties": "# x\nslfVersion = 2.0.0\n"}).with_manifest == "yes"
    above = {
        **files,
        "gradle.properties": "slfVersion=2.0.0\n",
        "app/gradle.properties": "slfVersion:3.0\npassword=x\n",
    }
    assert kinds(only(above)) == {("constraint", "org.slf4j:slf4j-api")}
    data = b"password=hunter2\nversionPassword=hunter2\nsomeVersion=1.0\n"
    (fragment,) = [
        run(row, File("gradle.properties", (data,), len(data), DEFAULT_LIMITS, False))
        for row in ROWS
        if row.name == "locks-gradle"
    ]
    assert [name for name, _ in fragment.sheets[0].recorded] == ["someVersion"]
    assert "hunter2" not in repr(fragment)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("implementation \"a:b:${libs.versions.x.get()}\"", "cannot be decided"),
        ("implementation make('x')", "line 2: what implementation adds is not read"),
        ("if (x) { implementation 'a:b:1' }", "line 2: what a condition adds is not read"),
        ("implementation libs.nowhere", "what libs.nowhere stands for is not known here"),
        ("implementation 'a:b:latest.release'", "cannot be decided"),
        ("}\nsubprojects { dependencies { implementation 'a:b:1' } ", "dependencies inside subprojects are not read"),
        ("}\napply from: 'other.gradle'\ndependencies {", "line 3: another script is applied"),
        ("}\nconfigurations.all { resolutionStrategy { force 'a:b:1' } }\ndependencies {", "resolutionStrategy may choose"),
        ("integrationImplementation 'x:y:1'", "this lock does not speak of integrationCompileClasspath"),
    ],
)  # fmt: skip
def test_what_a_script_computes_stays_open(line: str, why: str) -> None:
    script = f"dependencies {{\n{line}\n}}"
    state = gradle(script, **{"a:b": "1.0"})
    assert state.with_manifest == "unknown", state
    assert any(why in reason for reason in state.reasons), state.reasons


def test_a_script_of_brackets_ends_soon() -> None:
    begun = time.process_time()
    for text in (
        "dependencies {" * 9_000, "dependencies { a " + "(" * 30_000, "/*" * 50_000, '"""' * 9_001, "'" * 29_999,
        "dependencies { " + "implementation 'a:b:1', " * 5_000, "dependencies { x " + "libs." * 9_000, "$" * 50_000,
        "dependencies { constraints " + "{ } " * 9_000 + "}", "version { " * 9_000, ")" * 20_000 + "{" * 20_000,
    ):  # fmt: skip
        undecided: list[str] = []
        list(wishes(text, undecided))
    assert time.process_time() - begun < 5


SWIFT = """// swift-tools-version:5.9
import PackageDescription
let package = Package(name: "Demo", dependencies: [
    /* .package(url: "https://example.org/a/not", from: "1.0.0") */
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.0.0"),
    .package(name: "Log", url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.4.0")),
    .package(url: "git@github.com:a/exact.git", exact: "1.2.3"),
    .package(url: "https://github.com/a/range", "1.0.0"..<"2.0.0"),
    .package(url: "https://github.com/a/branch", branch: "main"),
    .package(id: "mona.LinkedList", .exact("1.0.0")),
    .package(path: "../Local"),
], targets: [.target(name: "Demo", dependencies: [.product(name: "NIO", package: "swift-nio")])])
"""
PINS = {
    "https://github.com/apple/swift-nio.git": '"version": "2.62.0"', "https://github.com/Apple/swift-log.git": '"version": "1.4.4"',
    "https://github.com/a/exact": '"version": "1.2.3"', "https://github.com/a/range.git": '"version": "1.9.0"',
    "https://github.com/a/branch": '"branch": "main"',
}  # fmt: skip
REGISTRY = '{"identity": "mona.LinkedList", "kind": "registry", "location": "", "state": {"version": "1.0.0"}}'


def swift(manifest: str = SWIFT, **changes: str | None):
    pins = PINS | {f"https://github.com/{name}": state for name, state in changes.items()}
    rows = [
        f'{{"location": "{url}", "kind": "remoteSourceControl", "state": {{{state}, "revision": "{"a" * 40}"}}}}'
        for url, state in pins.items()
        if state
    ]
    return only(
        {"Package.swift": manifest, "Package.resolved": f'{{"pins": [{", ".join([*rows, REGISTRY])}], "version": 2}}'}
    )


def test_swift_in_step() -> None:
    state = swift()
    assert (state.present, state.with_manifest, state.reasons) == ("yes", "yes", ())
    assert (state.hashed, state.unhashed_count) == ("some", 1)  # a registry's pin has no commit


def test_swift_out_of_step() -> None:
    state = swift(**{"a/exact": '"version": "1.2.4"', "a/range.git": '"branch": "dev"', "a/branch": None})
    assert kinds(state) >= {
        ("constraint", "github.com/a/exact"), ("constraint", "github.com/a/range"), ("not-locked", "github.com/a/branch"),
    }  # fmt: skip
    assert next(one.found for one in state.disagreements if one.package == "github.com/a/range") == "branch dev"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('.package(url: "https://example.org/\\(name)", from: "1.0.0")', "line 1: what this package is, is computed"),
        ('.package(url: base + "x", from: "1.0.0")', "line 1: what this package is, is computed"),
        ('.package(url: "https://github.com/a/exact", from: version)', "cannot be decided"),
        ('.package(url: "https://github.com/a/exact", Version(1,2,3)..<Version(2,0,0))', "cannot be decided"),
        ('if x { package.dependencies += [.package(url: "https://github.com/a/new", from: "1.0.0")] }', "a condition"),
        ('#if os(Linux)\n.package(url: "https://github.com/a/new", from: "1.0.0")\n#endif', "a condition of Package.swift"),
    ],
)  # fmt: skip
def test_what_a_package_swift_computes_stays_open(line: str, why: str) -> None:
    state = swift(line)
    assert state.with_manifest == "unknown", state
    assert any(why in reason for reason in state.reasons), state.reasons


CABAL = """cabal-version: 3.0
name: demo
version: 0.1
common shared
  build-depends: base >=4.7 && <5
library
  import: shared
  build-depends:
      text ^>=2.0
    , aeson ==2.1.*   -- a note is no comment here
    -- , gone
    , core
  if flag(fast)
    build-depends: unboxed >=1
library helper
  build-depends: base
executable demo
  build-depends: demo, helper, demo:helper
test-suite spec
  type: exitcode-stdio-1.0
  build-depends: hspec, base
""".replace("   -- a note is no comment here", "")
FROZEN = {"base": "4.18.2.1", "text": "2.0.2", "aeson": "2.1.2.1"}


def frozen(more: dict[str, str] | None = None, **changes: str | None):
    rows = [f"any.{name} =={version}" for name, version in (FROZEN | changes).items() if version]
    lock = (
        "active-repositories: x\nconstraints: "
        + ",\n             ".join([*rows, "text -developer"])
        + "\nindex-state: x\n"
    )
    files = {"demo/demo.cabal": CABAL, "core/core.cabal": "name: core\nlibrary\n  build-depends: base\n"}
    found = states({**files, "cabal.project.freeze": lock, **(more or {})})
    return next(state for state in found if state.manifest == "demo/demo.cabal")


def test_cabal_in_step_leaves_tests_and_flags_open() -> None:
    state = frozen()
    assert (state.present, state.lock, state.hashed) == ("yes", "cabal.project.freeze", "impossible")
    assert not state.disagreements
    assert list(state.reasons) == [
        "unboxed is not locked; whether it is needed depends on `if flag(fast)` of the description"
    ]
    assert frozen(unboxed="1.2").with_manifest == "yes"


def test_cabal_out_of_step() -> None:
    assert kinds(frozen(text="2.1", aeson=None)) == {("constraint", "text"), ("not-locked", "aeson")}
    assert frozen(unboxed="0.9").with_manifest == "no"


def test_packages_of_other_repositories_are_in_no_freeze() -> None:
    project = "packages: */*.cabal\nsource-repository-package\n  type: git\n  location: https://example.org/aeson\n"
    state = frozen({"cabal.project": project}, aeson=None, unboxed="1.2")
    assert (state.with_manifest, state.disagreements) == ("unknown", ())
    assert any("it takes packages from repositories" in reason for reason in state.reasons)


STACK = (
    "resolver: lts-21.0\nextra-deps:\n- acme-missiles-0.3\n- text-2.0.2@sha256:" + "ab" * 32 + ",613\n- ./vendor/x\n"
)


def stack(manifest: str = STACK, cabal: str | None = None):
    sums = "ab" * 32
    lock = (
        "packages:\n"
        f"- completed:\n    hackage: acme-missiles-0.3@sha256:{sums},613\n  original:\n    hackage: acme-missiles-0.3\n"
        f"- completed:\n    hackage: text-2.0.2@sha256:{sums},613\n  original:\n    hackage: text-2.0.2@sha256:{sums},613\n"
        f"snapshots:\n- completed:\n    sha256: {sums}\n    url: https://example.org/21.yaml\n  original: lts-21.0\n"
    )
    files = {"stack.yaml": manifest, "stack.yaml.lock": lock} | ({"demo.cabal": cabal} if cabal else {})
    return {state.manifest: state for state in states(files)}


def test_stack() -> None:
    state = stack()["stack.yaml"]
    assert (state.present, state.tool, state.with_manifest, state.reasons) == ("yes", "stack", "yes", ())
    other = stack(STACK.replace("lts-21.0", "lts-22.1").replace("- acme-missiles-0.3\n", ""))["stack.yaml"]
    assert kinds(other) >= {("other-constraint", "(snapshot)"), ("not-wanted", "acme-missiles")}


def test_of_a_snapshot_only_the_digest_is_known() -> None:
    cabal = "name: demo\nlibrary\n  build-depends: text ^>=2.0, aeson\n"
    state = stack(cabal=cabal)["demo.cabal"]
    assert (state.lock, state.with_manifest) == ("stack.yaml.lock", "unknown")
    assert state.reasons == (
        "aeson is not locked here; the snapshot may hold it, of which this lock has only the digest",
    )
    assert kinds(stack(cabal=cabal.replace("^>=2.0", "^>=1.2"))["demo.cabal"]) == {("constraint", "text")}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.cabal", "build-depends: " + "{" * 50_000), ("x.cabal", "library\n" + "  if x\n" * 20_000),
        ("x.cabal", "".join(f"{' ' * n}build-depends:\n" for n in range(900))), ("x.cabal", "name:\n" * 50_000),
        ("Package.swift", ".package(" * 9_000), ("Package.swift", '"' * 99_999), ("Package.swift", "/*" * 100_000),
        ("Package.swift", '.package(url: "' + "x" * 99_999), ("stack.yaml", "extra-deps:\n" + "- a-1\n" * 20_000),
        ("libs.versions.toml", "[versions]\na = {}\n[libraries]\nb = {module=3}\nc = 4\n[bundles]\nd = 5\n"),
        ("build.gradle", "\xff\x00dependencies { '" * 999),
    ],
)  # fmt: skip
def test_hostile_manifests_end_soon(path: str, text: str) -> None:
    begun = time.process_time()
    states({path: text})
    assert time.process_time() - begun < 3


def test_many_projects_in_one_tree_end_soon() -> None:
    """Each with a catalog or a workspace of its own: no work for every pair of them."""
    begun = time.process_time()
    count = 700
    files = {f"p{n}/gradle/libs.versions.toml": CATALOG for n in range(count)}
    files |= {f"p{n}/build.gradle": "dependencies { implementation libs.jetty }" for n in range(count)}
    shared = (
        '[workspace.dependencies]\na = "1"\n[package]\nname = "x"\nversion = "1"\n[dependencies]\na.workspace = true\n'
    )
    files |= {f"p{n}/Cargo.toml": shared for n in range(count)}
    files |= {f"p{n}/Cargo.lock": '[[package]]\nname = "x"\nversion = "1"\n' for n in range(count)}
    assert len(states(files)) == 2 * count
    assert time.process_time() - begun < 8
