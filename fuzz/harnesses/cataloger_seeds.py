"""First inputs of cataloguers whose files no test writes as plain bytes at a path the fuzzer knows.

With several paths the first byte says which (`Harness.paths`).
"""

import io
import sqlite3
import zipfile
from collections.abc import Iterable

_MIT = (
    b"Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to deal in the "
    b"Software without restriction. The above copyright notice and this permission notice shall be included in all "
    b'copies. THE SOFTWARE IS PROVIDED "AS IS".'
)
_APACHE = b"Dual licensed under the MIT and the Apache License.\nLicensed under the Apache License, Version 2.0\n"


def _history() -> bytes:
    """A history of dnf 4 with two packages."""
    database = sqlite3.connect(":memory:")
    database.executescript(
        "PRAGMA page_size=512; VACUUM;"
        "CREATE TABLE trans_item (id INTEGER PRIMARY KEY, trans_id, item_id, repo_id, action, reason, state);"
        "CREATE TABLE rpm (item_id INTEGER, name, epoch, version, release, arch);"
        "INSERT INTO rpm VALUES (1,'bash',0,'5','1','x86_64'),(2,'glibc',0,'2','1','x86_64');"
        "INSERT INTO trans_item VALUES (1,1,1,1,1,2,1),(2,1,2,1,1,1,1);"
    )
    return bytes(database.serialize())


def _archive() -> bytes:
    """A package in Yarn's cache."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        place = zipfile.ZipInfo("node_modules/a/package.json")
        archive.writestr(place, '{"name":"a","version":"1.0.0","license":"MIT","dependencies":{"b":"^1"}}')
    return made.getvalue()


_RECORD = b'a/__init__.py,sha256=x,1\n../../bin/a,,\n"bin/b,c",,\n/usr/bin/d,,\n'
_WORKFLOW = b"""on: push
jobs:
  a:
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v4.1.0
      - uses: "docker://alpine:3.19"
      - run: |
          uses: not/this@v1
      - uses: ./local
  b:
    uses: o/r/.github/workflows/w.yml@v1
"""
_PROJECT = (
    b'<Project><PropertyGroup Condition="x"/><ItemGroup><PackageReference Include="A" Version="[1.0,2.0)"/>'
    b'<PackageReference Include="B;C"><Version>1.*</Version></PackageReference></ItemGroup></Project>'
)
_CENTRAL = (
    b'<Project><PropertyGroup><V>1.0</V><W Condition="x">$(V)</W></PropertyGroup><Import Project="y"/><ItemGroup>'
    b'<PackageVersion Include="A;B" Version="$(V)"/>'
    b'<PackageVersion Update="a"><Version>[1.0]</Version></PackageVersion>'
    b'<GlobalPackageReference Include="C" Version="1.*"/><PackageVersion Remove="B"/></ItemGroup></Project>'
)
_MIX = b'defp deps do\n[{:a, "~> 1.0", only: [:dev]}, {:b, path: "../b"}, {:c, ">= 0.0.0", hex: :d}] # x\nend\n'
_PUBSPEC = b"name: a\ndependencies:\n  b: ^1.0.0\n  c:\n    git: https://c.example\ndev_dependencies:\n  d: any\n"
_SUM = b"ab" * 32
SEEDS: dict[str, Iterable[bytes]] = {
    "dnf-reasons": (
        b'\0[packages."bash.x86_64"]\nreason = "User"\n[packages."glibc.x86_64"]\nreason = "Dependency"\n',
        b"\1" + _history(),
    ),
    "licence-files": (b"\0" + _MIT, b"\1" + _APACHE + _MIT, b"\2" + _MIT + b" " * 100),
    "pypi-record": (b"\0" + _RECORD, b"\1../a.py\nbin/a\n"),
    "workflow-uses": (_WORKFLOW,),
    "yarn-cache": (_archive(),),
    "locks-gradle": (
        b"\x00group = 'a'\ndef v = '1'\ndependencies {\n  implementation \"a:b:$v\", libs.c.d\n  api group: 'a', name: 'b'\n"  # noqa: E501
        b"  testImplementation('e:f') { version { strictly '[1,2['; reject '1.1' } }\n  implementation platform('g:h:1')\n}",  # noqa: E501
        b'\x01dependencies { add("api", "a:b:${x}"); implementation(kotlin("stdlib")); api(libs.a.get()) }',
        b"\x02a:b:1=compileClasspath,runtimeClasspath\nempty=annotationProcessor\n",
        b"\x03aVersion=1.0\n# x\nversion.b : 2\n",
        b'\x04[versions]\nv = { strictly = "[1,2[", prefer = "1" }\n[libraries]\na-b = { module = "a:b", version.ref = "v" }\n'  # noqa: E501
        b'c = "c:d:1"\n[bundles]\ne = ["a-b", "c"]\n',
    ),
    "locks-hackage": (
        b"\x00name: a\nlibrary\n  build-depends: base >=4 && <5,\n    b ^>={1.2, 2} || ==3.*\n  if flag(x)\n    build-depends: c\n",  # noqa: E501
        b"\x01packages: .\nsource-repository-package\n  type: git\n",
        b"\x02constraints: any.a ==1.0,\n             b +flag\n",
        b"\x03resolver: lts-1.0\nextra-deps:\n- a-1.0\n- b-2@sha256:00,1\n",
        b"\x04packages:\n- completed:\n    hackage: a-1.0\n  original:\n    hackage: a-1.0\nsnapshots:\n- original: lts-1.0\n",  # noqa: E501
    ),
    "locks-swift": (
        b'\x00dependencies: [.package(url: "https://e.org/a/b", from: "1.0.0"), .package(id: "a.b", .exact("1.0.0")),\n'
        b'/* /* */ */ .package(url: "git@e.org:a/b", "1.0.0"..<"2.0.0"), .package(path: "x")]\n#if x\n#endif',
        b'\x01{"pins": [{"location": "https://e.org/a/b", "state": {"version": "1.0.0", "revision": "00"}}], "version": 2}',  # noqa: E501
    ),
    "locks-nuget": (
        b"\0" + _PROJECT,
        b'\1{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0","contentHash":"x"}}}}',
        b"\2" + _CENTRAL,
    ),
    "nuget-central": (_CENTRAL,),
    "pypi-requirements": (
        b"a==1 \\\n  --hash=sha256:00\n    # via\n    #   B\n    #   -r x.in\nb==2  # via a, c (setup.py)\n",
    ),
    "locks-conan": (
        b'\0{"version":"0.5","requires":["a/1.0#ab%1.5","b/[>=1]"],"build_requires":["c/1@d/e#0"],"python_requires":[]}',
        b'\0{"graph_lock":{"nodes":{"0":{"path":"x","requires":["1"]},"1":{"ref":"a/1.0#0"}}}}',
        b"\1class A: pass\n",
        b"\2[requires]\na/[>=1.0 <2 || ^3.1, include_prerelease]\n[tool_requires]\nc/[~1.2]\n[options]\n*:x=1\n",
    ),
    "locks-mix": (
        b"\0" + _MIX,
        b'\1%{\n  "a": {:hex, :a, "1.0.0", "' + _SUM + b'", [:mix], [], "hexpm", "' + _SUM + b'"},\n}\n',
    ),
    "locks-pub": (
        b"\0" + _PUBSPEC,
        b'\1packages:\n  b:\n    dependency: "direct main"\n    source: hosted\n    version: "1.0.0"\n',
    ),
}
"""Name of a row → its inputs."""
