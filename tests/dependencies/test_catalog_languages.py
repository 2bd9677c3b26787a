"""Ruby, PHP, .NET, R, Dart, Elixir, Swift, Haskell, Gradle and Maven sources: what their files say, trap by trap."""

import json
import time
from typing import Any

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Sighting
from assay.dependencies.catalogers import (
    TABLE,
    cargo_lock,
    composer,
    dotnet,
    gem,
    gem_lock,
    go_mod,
    gradle_lock,
    haskell_lock,
    mix_lock,
    pom,
    pub_lock,
    r,
    swift_resolved,
)
from assay.dependencies.chooser import Chooser, run
from assay.dependencies.matching import match
from assay.model.inventory import Component
from assay.model.limits import DEFAULT_LIMITS
from dependencies.programs import elf
from fakes.advisories import MemoryStore, advisory

MARK = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")


def read(row: Cataloguer, path: str, content: str | bytes, *, installed: bool = False) -> Fragment:
    data = content.encode() if isinstance(content, str) else content
    return run(row, File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed))


def by_name(fragment: Fragment) -> dict[str, Package]:
    return {package.name: package for package in fragment.packages}


def joined(row: Cataloguer, path: str, content: str | bytes) -> dict[str, Component]:
    sighting = Sighting(
        cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=read(row, path, content)
    )  # fmt: skip
    return {c.purl: c for c in assemble([sighting], (), installed=False).components}


# --- Ruby ---------------------------------------------------------------------------------------------------------

GEMSPEC = """# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.10 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.13.10"
  s.platform = "x86_64-linux".freeze
  s.authors = ["Mike Dalessio".freeze, 'Aaron'.freeze]
  s.licenses = ["MIT".freeze]
  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_development_dependency(%q<rake>.freeze, [">= 0"])
  else
    s.add_dependency(%q<racc>.freeze, ["~> 1.4"])
    s.add_dependency(%q<rake>.freeze, [">= 0"])
  end
end
"""


def test_a_gem_is_read_from_its_specification_without_running_it() -> None:
    (package,) = read(gem.CATALOGUER, "usr/lib/ruby/gems/3.1.0/specifications/n-1.gemspec", GEMSPEC).packages
    assert (package.name, package.version) == ("nokogiri", "1.13.10")
    assert package.qualifiers == (("platform", "x86_64-linux"),)
    assert (package.licence.expression, package.maintainer) == ("MIT", "Mike Dalessio, Aaron")
    assert package.depends == ("racc",)


def test_a_default_gem_is_said_to_be_one() -> None:
    text = 'Gem::Specification.new do |s|\n  s.name = "json"\n  s.version = Gem::Version.new("2.6.1")\nend\n'
    (package,) = read(gem.CATALOGUER, "gems/specifications/default/json-2.6.1.gemspec", text).packages
    assert (package.name, package.version, package.properties) == ("json", "2.6.1", (("gem:default", "true"),))


def test_a_gems_own_sources_say_nothing_new() -> None:
    assert read(gem.CATALOGUER, "gems/nokogiri-1.13.10/nokogiri.gemspec", GEMSPEC) == Fragment()


def test_a_gem_from_a_repository_is_read_if_plain_and_is_a_gap_if_computed() -> None:
    path = "var/lib/gems/bundler/gems/x-0123456789ab/x.gemspec"
    (package,) = read(gem.CATALOGUER, path, 's.name = "x"\ns.version = "1.0"\n').packages
    assert (package.properties, package.confidence) == ((("gem:commit", "0123456789ab"),), "strong")
    (gap,) = read(gem.CATALOGUER, path, 's.name = "x"\ns.version = X::VERSION\n').gaps
    assert gap.kind == "skipped"


GEMFILE_LOCK = """GIT
  remote: https://git.example/fork.git
  revision: 0123456789abcdef0123456789abcdef01234567
  branch: main
  specs:
    fork (0.3.0)
      racc (~> 1.4)

PATH
  remote: .
  specs:
    own (0.1.0)

GEM
  remote: https://gems.example/
  specs:
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1)

PLATFORMS
  x86_64-linux

DEPENDENCIES
  fork!
  nokogiri (~> 1.15)
  own!

CHECKSUMS
  nokogiri (1.15.4-x86_64-linux) sha256=<sum>
  racc (1.7.1)

RUBY VERSION
   ruby 3.2.2p53

BUNDLED WITH
   2.4.19
""".replace("<sum>", "ab" * 32)


def test_a_gemfile_lock_names_sources_platforms_and_checksums() -> None:
    fragment = read(gem_lock.CATALOGUER, "Gemfile.lock", GEMFILE_LOCK)
    found = by_name(fragment)
    assert set(found) == {"fork", "own", "nokogiri", "racc"}
    assert not fragment.gaps
    assert dict(found["fork"].properties)["gem:commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert dict(found["own"].properties) == {"gem:direct": "true", "gem:source": "path"}
    assert (found["nokogiri"].version, found["nokogiri"].qualifiers) == ("1.15.4", (("platform", "x86_64-linux"),))
    assert found["nokogiri"].hashes == ("sha256:" + "ab" * 32,)
    assert found["nokogiri"].depends == ("racc",)
    assert found["racc"].properties == ()


def test_a_conflict_left_in_a_gemfile_lock_is_a_gap() -> None:
    assert read(gem_lock.CATALOGUER, "Gemfile.lock", "<<<<<<< HEAD\n" + GEMFILE_LOCK).gaps


# --- PHP ----------------------------------------------------------------------------------------------------------

PHP: list[dict[str, Any]] = [
    {
        "name": "Acme/Log",
        "version": "v1.2.3",
        "license": ["LGPL-2.1-only", "GPL-3.0-or-later"],
        "require": {"php": ">=8", "ext-json": "*", "psr/log": "^3"},
        "replace": {"old/log": "self.version"},
        "dist": {"shasum": "ab" * 20},
        "source": {"reference": "cd" * 20},
    },
    {"name": "psr/log", "version": "3.0.0", "license": "MIT"},
]


@pytest.mark.parametrize("document", [PHP, {"packages": PHP, "dev-package-names": []}])
def test_both_forms_of_installed_packages(document: Any) -> None:
    found = by_name(
        read(composer.CATALOGUER, "app/vendor/composer/installed.json", json.dumps(document), installed=True)
    )
    package = found["Acme/Log"]
    assert (package.version, package.namespace, package.purl_name) == ("v1.2.3", "Acme", "Log")
    assert package.licence.expression == "LGPL-2.1-only OR GPL-3.0-or-later"
    assert (package.depends, package.provides) == (("psr/log",), ("old/log",))
    assert package.hashes == ("sha1:" + "ab" * 20,)
    assert package.properties == (("composer:commit", "cd" * 20),)
    assert found["psr/log"].licence.expression == "MIT"


def test_another_installed_json_is_not_composers() -> None:
    assert read(composer.CATALOGUER, "app/installed.json", "no json") == Fragment()


def test_a_composer_lock_tells_packages_for_development() -> None:
    document = {"packages": PHP[:1], "packages-dev": [PHP[1], {"name": "broken"}]}
    fragment = read(composer.LOCK, "composer.lock", json.dumps(document))
    assert by_name(fragment)["psr/log"].properties == (("composer:dev", "true"),)
    assert "1 packages" in fragment.gaps[0].reason


# --- .NET ---------------------------------------------------------------------------------------------------------

DEPS = {
    "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64"},
    "targets": {
        ".NETCoreApp,Version=v8.0": {},
        ".NETCoreApp,Version=v8.0/linux-x64": {
            "app/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1"}, "runtime": {"app.dll": {}}},
            "Newtonsoft.Json/13.0.1": {"runtime": {"lib/net6.0/Newtonsoft.Json.dll": {}}},
            "NETStandard.Library/2.0.3": {"dependencies": {"Newtonsoft.Json": "13.0.1"}},
        },
    },
    "libraries": {
        "app/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack", "sha512": ""},
        "Newtonsoft.Json/13.0.1": {"type": "package", "sha512": "sha512-" + "A" * 86 + "=="},
        "NETStandard.Library/2.0.3": {"type": "package", "sha512": ""},
    },
}


def check_deps(found: dict[str, Package]) -> None:
    assert found["Microsoft.NETCore.App.Runtime.linux-x64"].version == "8.0.1"
    assert found["Newtonsoft.Json"].hashes == ("sha512:" + "0" * 128,)
    assert found["Newtonsoft.Json"].confidence == "certain"
    assert found["NETStandard.Library"].confidence == "weak"
    assert dict(found["NETStandard.Library"].properties) == {"nuget:assets": "none"}
    assert dict(found["app"].properties) == {"nuget:type": "project"}


def test_a_deps_file_lists_packages_runtime_packs_and_what_brings_no_file() -> None:
    text = "\ufeff" + json.dumps(DEPS)
    check_deps(by_name(read(dotnet.CATALOGUER, "app/app.deps.json", text)))
    sighting = Sighting(
        cataloguer="dotnet", path="app/app.deps.json", layer=None, removed_by=None,
        fragment=read(dotnet.CATALOGUER, "app/app.deps.json", text),
    )  # fmt: skip
    edges = assemble([sighting], (), installed=True).relations
    assert ("pkg:nuget/app@1.0.0", "pkg:nuget/Newtonsoft.Json@13.0.1") in {(r.source, r.target) for r in edges}


def test_only_deps_files_are_chosen_among_json_files() -> None:
    chooser = Chooser(dotnet.ROWS)
    assert chooser.choose("app/App.Deps.json", b"", 9, 0o644) == (dotnet.CATALOGUER,)
    assert chooser.choose("app/deps.json", b"", 9, 0o644) is None
    assert chooser.choose("app/package.json", b"", 9, 0o644) is None


def single_file(deps: bytes, *, major: int = 6) -> bytes:
    body = b"host data" + bytes(7)
    plain = elf(body + bytes(8) + MARK, section=b".data")
    header = major.to_bytes(4, "little") + bytes(4) + (3).to_bytes(4, "little") + b"\x04abcd"
    place = (len(plain) + len(header) + 40).to_bytes(8, "little") if deps else bytes(8)
    header += place + len(deps).to_bytes(8, "little") + bytes(24)
    at = plain.index(MARK) - 8
    return plain[:at] + len(plain).to_bytes(8, "little") + plain[at + 8 :] + header + deps


def test_a_single_file_program_is_opened() -> None:
    check_deps(by_name(read(dotnet.PROGRAM, "app/app", single_file(json.dumps(DEPS).encode()))))


@pytest.mark.parametrize(("deps", "major"), [(b"", 6), (b"{}", 1)])
def test_a_single_file_program_without_a_list_is_a_gap(deps: bytes, major: int) -> None:
    (gap,) = read(dotnet.PROGRAM, "app/app", single_file(deps, major=major)).gaps
    assert (gap.kind, "3 files" in gap.reason) == ("unsupported", True)


def test_a_host_program_without_bundle_says_nothing() -> None:
    assert read(dotnet.PROGRAM, "app/app", elf(bytes(16) + MARK, section=b".data")) == Fragment()
    assert read(dotnet.PROGRAM, "app/app", elf(b"x" * 99, section=b".text")) == Fragment()


def test_a_bundle_that_points_outside_is_a_gap() -> None:
    program = elf(bytes(8) + b"\xff" * 8 + MARK, section=b".data")
    assert [gap.kind for gap in read(dotnet.PROGRAM, "app/app", program).gaps] == ["unreadable"]


def test_a_nuget_lock_of_several_frameworks() -> None:
    document = {
        "version": 1,
        "dependencies": {
            "net6.0": {
                "Serilog": {"type": "Direct", "resolved": "2.0.0", "contentHash": "A" * 86 + "==",
                            "dependencies": {"System.Text": "1.0.0"}},
                "System.Text": {"type": "Transitive", "resolved": "1.1.0"},
                "other": {"type": "Project"},
            },
            "net8.0": {"serilog": {"type": "Direct", "resolved": "2.0.0"}},
        },
    }  # fmt: skip
    found = by_name(read(dotnet.LOCK, "packages.lock.json", json.dumps(document)))
    assert set(found) == {"Serilog", "System.Text"}
    assert found["Serilog"].depends == ("system.text/1.1.0",)
    assert found["Serilog"].hashes == ("sha512:" + "0" * 128,)


# --- R ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT + file LICENSE", "MIT"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("GPL-2 | GPL-3", "GPL-2.0-only OR GPL-3.0-only"),
        ("GPL (>= 2) | file LICENCE", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("Part of R 4.2.2", "GPL-2.0-only OR GPL-3.0-only"),
        ("Apache License (>= 2)", "Apache-2.0"),
        ("file LICENSE", ""),
        ("Some terms of mine", ""),
    ],
)
def test_rs_licence_words(text: str, expression: str) -> None:
    description = f"Package: jsonlite\nVersion: 1.8-4\nLicense: {text}\nBuilt: R 4.2.2; ; x; unix\n"
    (package,) = read(r.CATALOGUER, "usr/lib/R/library/jsonlite/DESCRIPTION", description).packages
    assert package.licence.expression == expression
    assert bool(package.licence.reason) != bool(expression)


def test_an_installed_r_package() -> None:
    description = (
        "Package: dplyr\nVersion: 1.1.0\nDepends: R (>= 3.5),\n    methods\nImports: rlang (>= 1.0), R6\n"
        "Repository: CRAN\nBuilt: R 4.2.2; x86_64-pc-linux-gnu; 2023; unix\n"
    )
    (package,) = read(r.CATALOGUER, "usr/lib/R/library/dplyr/DESCRIPTION", description, installed=True).packages
    assert package.depends == ("R6", "methods", "rlang")
    assert dict(package.properties) == {"cran:built": "R 4.2.2", "cran:repository": "CRAN"}


@pytest.mark.parametrize("text", ["Package: x\nVersion: 1\n", "A text about something", ""])
def test_what_is_not_installed_for_r_says_nothing(text: str) -> None:
    assert read(r.CATALOGUER, "x/DESCRIPTION", text) == Fragment()


# --- lock files of source trees -----------------------------------------------------------------------------------

PUBSPEC = """# Generated by pub
packages:
  async:
    dependency: transitive
    description:
      name: async
      sha256: "<sum>"
      url: "https://pub.example"
    source: hosted
    version: "2.11.0"
  flutter:
    dependency: "direct main"
    description: flutter
    source: sdk
    version: "0.0.0"
  fork:
    dependency: "direct dev"
    description:
      path: "."
      ref: main
      resolved-ref: "0123456789abcdef0123456789abcdef01234567"
      url: "https://git.example/fork"
    source: git
    version: "1.0.0"
sdks:
  dart: ">=3.0.0 <4.0.0"
""".replace("<sum>", "ab" * 32)


def test_a_pubspec_lock() -> None:
    found = by_name(read(pub_lock.CATALOGUER, "pubspec.lock", PUBSPEC))
    assert set(found) == {"async", "fork"}
    assert found["async"].hashes == ("sha256:" + "ab" * 32,)
    assert dict(found["fork"].properties) == {
        "pub:commit": "0123456789abcdef0123456789abcdef01234567", "pub:dev": "true", "pub:direct": "true",
        "pub:source": "git",
    }  # fmt: skip


MIX = """%{
  "plug": {:hex, :plug, "1.14.0", "<in>", [:mix], [{:mime, "~> 1.0", [hex: :mime, repo: "hexpm", optional: false]}, {:telemetry, "~> 0.4 or ~> 1.0", [hex: :telemetry, repo: "hexpm", optional: false]}], "hexpm", "<out>"},
  "old": {:hex, :old, "0.1.0", "<in>", [:rebar3], []},
  "own": {:hex, :own_lib, "2.0.0", "<in>", [:mix], [], "hexpm:acme", "<out>"},
  "fork": {:git, "https://git.example/fork.git", "0123456789abcdef0123456789abcdef01234567", [branch: "main"]},
}
""".replace("<in>", "cd" * 32).replace("<out>", "ab" * 32)


def test_a_mix_lock() -> None:
    fragment = read(mix_lock.CATALOGUER, "mix.lock", MIX)
    found = by_name(fragment)
    assert {name: package.version for name, package in found.items()} == {
        "plug": "1.14.0", "old": "0.1.0", "own_lib": "2.0.0", "fork": "",
    }  # fmt: skip
    assert not fragment.gaps
    assert found["plug"].depends == ("mime", "telemetry")
    assert found["plug"].hashes == ("sha256:" + "ab" * 32,)
    assert found["old"].hashes == ()
    assert (found["own_lib"].properties, found["own_lib"].provides) == ((("hex:organisation", "acme"),), ("own",))
    assert ("hex:commit", "0123456789abcdef0123456789abcdef01234567") in found["fork"].properties
    assert "line 2" in read(mix_lock.CATALOGUER, "mix.lock", '%{\n  System.cmd("x", []),\n}\n').gaps[0].reason


SWIFT_1 = {"object": {"pins": [{"package": "Nio", "repositoryURL": "git@github.com:Apple/swift-nio.git",
           "state": {"branch": None, "revision": "ab" * 20, "version": "2.40.0"}}]}, "version": 1}  # fmt: skip
SWIFT_2 = {"pins": [{"identity": "swift-nio", "kind": "remoteSourceControl",
           "location": "https://user:secret@github.com/Apple/swift-nio.git/",
           "state": {"revision": "ab" * 20, "version": "2.40.0"}}], "version": 2}  # fmt: skip


@pytest.mark.parametrize("document", [SWIFT_1, SWIFT_2])
def test_a_swift_package_is_its_repository(document: Any) -> None:
    (component,) = joined(swift_resolved.CATALOGUER, "Package.resolved", json.dumps(document)).values()
    assert component.purl == "pkg:swift/github.com/Apple/swift-nio@2.40.0"
    assert component.properties == (("swift:commit", "ab" * 20),)


def test_a_pin_to_a_branch_has_no_version_and_a_folder_is_a_gap() -> None:
    pins = [{"location": "https://git.example/a/b", "state": {"branch": "main"}}, {"location": "../local", "state": {}}]
    fragment = read(swift_resolved.CATALOGUER, "Package.resolved", json.dumps({"pins": pins}))
    assert [(p.version, p.confidence) for p in fragment.packages] == [("", "weak")]
    assert fragment.gaps


def test_a_cabal_freeze_file() -> None:
    text = (
        "active-repositories: hackage.example:merge\nconstraints: any.aeson ==2.1.0.0,\n             aeson -cffi +fast,\n"
        "             any.base ==4.17.0.0\nindex-state: 2023\n"
    )
    fragment = read(haskell_lock.CATALOGUER, "cabal.project.freeze", text)
    assert {name: package.version for name, package in by_name(fragment).items()} == {
        "aeson": "2.1.0.0", "base": "4.17.0.0",
    }  # fmt: skip
    assert not fragment.gaps
    assert read(haskell_lock.CATALOGUER, "cabal.project.freeze", "constraints: any.a >=1 && <2").gaps


def test_a_stack_lock() -> None:
    text = (
        "packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:" + "ab" * 32 + ",613\n    pantry-tree:\n"
        "      sha256: " + "cd" * 32 + "\n      size: 226\n  original:\n    hackage: acme-missiles-0.3\n"
        "- completed:\n    commit: " + "ef" * 20 + "\n    git: https://git.example/x.git\n    name: x\n    version: 1.0.0\n"
        "  original:\n    git: https://git.example/x.git\nsnapshots: []\n"
    )  # fmt: skip
    found = by_name(read(haskell_lock.CATALOGUER, "stack.yaml.lock", text))
    assert (found["acme-missiles"].version, found["x"].version) == ("0.3", "1.0.0")
    assert dict(found["x"].properties) == {"hackage:commit": "ef" * 20, "hackage:source": "git"}


def test_a_gradle_lock() -> None:
    text = "# comment\norg.a:b:1.0=compileClasspath,runtimeClasspath\njunit:junit:4.13=testCompileClasspath\nempty=x\nwrong\n"
    fragment = read(gradle_lock.CATALOGUER, "gradle.lockfile", text)
    found = by_name(fragment)
    assert {name: p.version for name, p in found.items()} == {"org.a:b": "1.0", "junit:junit": "4.13"}
    assert found["junit:junit"].properties == (("maven:scope", "test"), ("maven:test", "true"))
    assert found["org.a:b"].properties == (("maven:scope", "runtime"),)
    assert "line 5" in fragment.gaps[0].reason
    assert read(gradle_lock.CATALOGUER, "other.lockfile", text) == Fragment()


POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>org.p</groupId><artifactId>p</artifactId><version>7</version></parent>
  <artifactId>app</artifactId>
  <properties><b.version>${c.version}</b.version><c.version>2.0</c.version><loop>${loop}</loop></properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.m</groupId><artifactId>m</artifactId><version>3.0</version><scope>test</scope></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.a</groupId><artifactId>a</artifactId><version>[1.0]</version></dependency>
    <dependency><groupId>org.b</groupId><artifactId>b</artifactId><version>${b.version}</version></dependency>
    <dependency><groupId>org.m</groupId><artifactId>m</artifactId></dependency>
    <dependency><groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version></dependency>
    <dependency><groupId>org.x</groupId><artifactId>x</artifactId></dependency>
    <dependency><groupId>org.y</groupId><artifactId>y</artifactId><version>[1,2)</version></dependency>
    <dependency><groupId>org.z</groupId><artifactId>z</artifactId><version>${loop}</version>
      <exclusions><exclusion><groupId>no</groupId><artifactId>no</artifactId></exclusion></exclusions></dependency>
  </dependencies>
</project>
"""


def test_a_pom_says_what_it_does_not_tell() -> None:
    fragment = read(pom.CATALOGUER, "pom.xml", POM)
    assert {name: p.version for name, p in by_name(fragment).items()} == {
        "org.a:a": "1.0", "org.b:b": "2.0", "org.m:m": "3.0", "org.p:own": "7", "org.x:x": "", "org.y:y": "",
        "org.z:z": "",
    }  # fmt: skip
    found = by_name(fragment)
    assert dict(found["org.m:m"].properties) == {"maven:scope": "test"}
    assert dict(found["org.y:y"].properties) == {"maven:unresolved": "[1,2)"}
    assert found["org.x:x"].confidence == "weak"
    assert "7 direct dependencies, 3 of them without a version" in fragment.gaps[0].reason


def test_a_pom_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><project><artifactId>&b;</artifactId></project>'
    fragment = read(pom.CATALOGUER, "pom.xml", bomb)
    assert not fragment.packages
    assert "document type" in fragment.gaps[0].reason


# --- all of them --------------------------------------------------------------------------------------------------

LOCKS: list[tuple[Cataloguer, str, str]] = [
    (gem_lock.CATALOGUER, "Gemfile.lock", GEMFILE_LOCK),
    (composer.LOCK, "composer.lock", json.dumps({"packages": PHP})),
    (dotnet.LOCK, "packages.lock.json", "{}"),
    (pub_lock.CATALOGUER, "pubspec.lock", PUBSPEC),
    (mix_lock.CATALOGUER, "mix.lock", MIX),
    (swift_resolved.CATALOGUER, "Package.resolved", json.dumps(SWIFT_2)),
    (haskell_lock.CATALOGUER, "cabal.project.freeze", "constraints: any.a ==1"),
    (gradle_lock.CATALOGUER, "gradle.lockfile", "a:b:1=c"),
    (pom.CATALOGUER, "pom.xml", POM),
]


@pytest.mark.parametrize(("row", "path", "text"), LOCKS, ids=[row.name for row, _, _ in LOCKS])
def test_in_an_image_a_lock_is_a_wish(row: Cataloguer, path: str, text: str) -> None:
    assert read(row, path, text, installed=True) == Fragment()
    assert row in (Chooser(TABLE).choose(f"src/{path}", b"", 9, 0o644) or ())


@pytest.mark.parametrize(
    ("row", "path", "content", "ecosystem", "name", "fixed"),
    [
        (gem.CATALOGUER, "specifications/n.gemspec", GEMSPEC, "RubyGems", "nokogiri", "1.13.11"),
        (composer.LOCK, "composer.lock", json.dumps({"packages": PHP}), "Packagist", "acme/log", "1.2.4"),
        (dotnet.CATALOGUER, "a.deps.json", json.dumps(DEPS), "NuGet", "Newtonsoft.Json", "13.0.2"),
        (dotnet.CATALOGUER, "a.deps.json", json.dumps(DEPS), "NuGet", "newtonsoft.json", "13.0.2"),
        (pub_lock.CATALOGUER, "pubspec.lock", PUBSPEC, "Pub", "async", "2.12.0"),
        (mix_lock.CATALOGUER, "mix.lock", MIX, "Hex", "plug", "1.14.1"),
        (swift_resolved.CATALOGUER, "Package.resolved", json.dumps(SWIFT_1), "SwiftURL", "github.com/apple/swift-nio", "2.41.0"),
        (swift_resolved.CATALOGUER, "Package.resolved", json.dumps(SWIFT_2), "SwiftURL", "https://github.com/apple/swift-nio.git", "2.41.0"),
        (haskell_lock.CATALOGUER, "cabal.project.freeze", "constraints: any.aeson ==2.1.0.0", "Hackage", "aeson", "2.1.0.1"),
        (gradle_lock.CATALOGUER, "gradle.lockfile", "org.a:b:1.0=c", "Maven", "org.a:b", "1.1"),
        (r.CATALOGUER, "lib/x/DESCRIPTION", "Package: x\nVersion: 1.0-3\nBuilt: R 4\n", "CRAN", "x", "1.0-4"),
        (cargo_lock.CATALOGUER, "Cargo.lock", "[[package]]\nname='syn'\nversion='1.0.73'\n", "crates.io", "syn", "1.0.74"),
        (go_mod.CATALOGUER, "go.mod", "require github.com/a/b v1.0.0", "Go", "github.com/a/b", "1.0.1"),
        (go_mod.CATALOGUER, "go.mod", "toolchain go1.21.3", "Go", "stdlib", "1.21.4"),
    ],
)  # fmt: skip
def test_an_advisory_and_a_component_meet(
    row: Cataloguer, path: str, content: str, ecosystem: str, name: str, fixed: str
) -> None:
    components = list(joined(row, path, content).values())
    store = MemoryStore([advisory("A-1", ecosystem, name, ("", fixed)), advisory("A-2", ecosystem, name, (fixed, ""))])
    (finding,) = match(components, None, store).findings
    assert (finding.advisory, finding.status, finding.fixed_in) == ("A-1", "affected", (fixed,))


HOSTILE: list[tuple[Cataloguer, str, str]] = [
    (gem.CATALOGUER, "specifications/x.gemspec", "s.name=[\n" * 50_000),
    (gem.CATALOGUER, "specifications/x.gemspec", 's.add_dependency("' * 25_000),
    (gem.CATALOGUER, "specifications/x.gemspec", "# stub: " * 60_000),
    (gem_lock.CATALOGUER, "Gemfile.lock", "GEM\n" + "    a (1)\n      " + "b" * 400_000 + " (" * 400_000),
    (composer.CATALOGUER, "composer/installed.json", "[" * 100_000),
    (composer.LOCK, "composer.lock", '{"packages": {}, "packages": []}'),
    (dotnet.CATALOGUER, "a.deps.json", '{"libraries": {"a": 1, "b/1": [], "/": {}}}'),
    (dotnet.LOCK, "packages.lock.json", '{"dependencies": []}'),
    (r.CATALOGUER, "DESCRIPTION", "Package: ../x\nVersion: 1\nBuilt: R\n"),
    (r.CATALOGUER, "DESCRIPTION", "Package: x\nVersion: " + "1." * 200_000 + "\nBuilt: R\n"),
    (pub_lock.CATALOGUER, "pubspec.lock", "packages: &a\n  *a"),
    (mix_lock.CATALOGUER, "mix.lock", '"a": {:hex, ' * 60_000),
    (mix_lock.CATALOGUER, "mix.lock", '"a": {:hex, :a, "1", "", ' + '{:b, "", ' * 60_000 + "}"),
    (swift_resolved.CATALOGUER, "Package.resolved", '{"pins": [1, {"location": "https://[::1"}]}'),
    (haskell_lock.CATALOGUER, "cabal.project.freeze", "constraints: " + "a-" * 200_000),
    (haskell_lock.CATALOGUER, "stack.yaml.lock", "packages:\n- completed: 3\n"),
    (gradle_lock.CATALOGUER, "gradle.lockfile", "a:" * 200_000),
    (pom.CATALOGUER, "pom.xml", "<project>" + "<a>" * 100_000),
    (pom.CATALOGUER, "pom.xml", "<project><dependencies><dependency><groupId>\x00"),
]


@pytest.mark.parametrize(("row", "path", "text"), HOSTILE)
def test_a_hostile_file_ends_fast_and_is_never_silent(row: Cataloguer, path: str, text: str) -> None:
    start = time.process_time()
    fragment = read(row, path, text)
    assert time.process_time() - start < 5
    assert fragment.gaps or fragment.packages


def test_a_foreign_document_may_give_a_swift_package_its_last_name_alone() -> None:
    purl = "pkg:swift/github.com/apple/swift-nio@2.0.0"
    component = Component(key=purl, purl=purl, ecosystem="swift", name="swift-nio", version="2.0.0")
    store = MemoryStore([advisory("A-1", "SwiftURL", "github.com/apple/swift-nio", ("", "2.1.0"))])
    assert [finding.advisory for finding in match([component], None, store).findings] == ["A-1"]
