"""The spec a person writes (`apiVersion: assay.build/v1`): every field, its type and its bounds. No logic.

`build.spec_read` makes it from YAML with places, `build.spec_schema` publishes it as JSON Schema, `build.lint` looks
for what is allowed and unwise. Field names in YAML have hyphens.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

Name = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$", description="Lower case, 1 to 64.")]
"""A name the spec itself gives to something; no dots, for `steps.NAME.OUTPUT` parts at them."""
ImageName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$", max_length=200, description="As a repository's name: lower case."
    ),
]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in lower-case hexadecimal.")]
Commit = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$", description="A full git object id.")]
Text = Annotated[str, Meta(min_length=1, max_length=65_536)]
Url = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9+.-]*://[^\s@]+$", max_length=4096, description="Without user names.")]
RelativePath = Annotated[
    str, Meta(pattern=r"^(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f]+$", max_length=4096, description="Without `..`.")
]
"""Relative to the folder of the spec, or to the root of a source."""
KeyringPath = Annotated[
    str, Meta(pattern=r"^(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f]+$", max_length=4096, description="Without `..`.")
]
"""Relative to the folder of the spec, or an absolute path: a keyring the machine's own distribution brings."""
AbsolutePath = Annotated[
    str,
    Meta(
        pattern=r"^/(?!(?:.*/)?\.\.?(?:/|$))[^\x00-\x1f]*$", max_length=4096,
        description="An absolute path, without `.` and `..`.",
    ),
]  # fmt: skip
AccountPath = Annotated[
    str,
    Meta(
        pattern=r"^/(?!(?:.*/)?\.\.?(?:/|$))[^:\x00-\x1f]*$", max_length=4096,
        description="An absolute path, without `.`, `..` and colons.",
    ),
]  # fmt: skip
"""Without the colon that parts the fields of passwd(5)."""
DebianName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9+.-]+$", max_length=200,
        description="The name of a package, lower case; its version stands in the lock.",
    ),
]  # fmt: skip
"""Debian policy §5.6.7."""
Suite = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9./+_-]*$", max_length=200, description="Such as bookworm-updates.")
]
Platform = Annotated[
    str,
    Meta(pattern=r"^linux/[a-z0-9]+(?:/v[0-9]+)?$", max_length=40, description="Such as linux/amd64 or linux/arm64."),
]
Id = Annotated[int, Meta(ge=0, le=4_294_967_294)]
"""A user or group number."""
_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Port = Annotated[
    str, Meta(pattern=rf"^{_PORT}(?:/(?:tcp|udp))?$", description="One port from 1 to 65535, or such as 53/udp.")
]
Variable = Annotated[
    str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="The name of a variable: letters, digits and `_`.")
]
AnnotationKey = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=255,
        description="Such as org.opencontainers.image.source, or a name under your own domain, turned round.",
    ),
]  # fmt: skip
"""OCI image-spec 1.1, annotations.md, "Rules"."""
Mode = Annotated[str, Meta(pattern=r"^0?[0-7]{3,4}$", description="Octal, as `chmod` reads it.")]


class _Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What every part of the spec has in common."""


class Metadata(_Wire, frozen=True, kw_only=True):
    """What the image is called."""

    name: ImageName
    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_~-]*$", max_length=128)]
    owner: Text = "unknown"
    description: str = ""


class CommitOf(_Wire, frozen=True, kw_only=True):
    """The time of a git source's commit."""

    commit_of: Name


class CompareGit(_Wire, frozen=True, kw_only=True):
    """The repository and tag an archive should have been made from."""

    url: Url
    tag: Text
    commit: Commit | None = None
    generated: Literal["none", "autotools", "python-sdist", "npm-pack"] = "none"
    """Which files may stand in the archive alone."""


class GitSource(_Wire, frozen=True, kw_only=True, tag="git"):
    """A commit of a repository."""

    url: Url
    commit: Commit
    tag: Text | None = None
    signed_by: RelativePath | None = None
    """An OpenPGP keyring or an allowed signers file (ssh-keygen(1)): one of its keys must have signed the tag, or the
    commit where there is no annotated one."""


class ArchiveSource(_Wire, frozen=True, kw_only=True, tag="archive"):
    """A tar (plain, gzip, zstd, xz or bzip2) or zip archive, from an address or from a file beside the spec."""

    sha256: Sha256
    url: Url | None = None
    path: RelativePath | None = None
    strip: Annotated[int, Meta(ge=0, le=16)] = 1
    """How many leading folders of each name are dropped."""
    compare_git: CompareGit | None = None


class FileSource(_Wire, frozen=True, kw_only=True, tag="file"):
    """One file, taken as it is."""

    sha256: Sha256
    url: Url | None = None
    path: RelativePath | None = None
    name: Annotated[str, Meta(pattern=r"^[^/\x00-\x1f]+$", max_length=255)] | None = None
    """Its name in the source; else the last part of the address."""


class DirectorySource(_Wire, frozen=True, kw_only=True, tag="directory"):
    """A folder beside the spec; the lock pins its content."""

    path: RelativePath
    exclude: tuple[Text, ...] = ()
    """Patterns (`fnmatch`) of paths or names left out; one with a slash at its beginning starts at the folder itself,
    and its wildcards stay within one name."""


Source = GitSource | ArchiveSource | FileSource | DirectorySource


class Debian(_Wire, frozen=True, kw_only=True):
    """A Debian archive. Without `mirror` the addresses come from the host's own apt configuration."""

    suites: Annotated[tuple[Suite, ...], Meta(min_length=1, max_length=16)]
    keys: KeyringPath
    """Keyring with the keys whose signature on InRelease counts, beside the spec or (absolute) the machine's own."""
    components: Annotated[tuple[Name, ...], Meta(min_length=1)] = ("main",)
    origin: Text = "Debian"
    mirror: Url | None = None
    mirrors: dict[Suite, Url] = {}
    """Mirror of single suites (the security archive has its own)."""


class Toolchain(_Wire, frozen=True, kw_only=True):
    """The root a step runs in: packages and what they depend on."""

    debian: Name
    packages: Annotated[tuple[DebianName, ...], Meta(min_length=1)]
    essential: bool = True
    """Whether the Essential packages (a shell among them) are there; nobody depends on them."""


class PipDependencies(_Wire, frozen=True, kw_only=True, tag="pip"):
    """A requirements file where every line has hashes."""

    source: Name
    file: RelativePath = "requirements.txt"
    native: Literal["build", "wheels"] = "build"
    """`build`: pure wheels only, native code is built in a step; `wheels`: native wheels are taken."""


class NpmDependencies(_Wire, frozen=True, kw_only=True, tag="npm"):
    """A package-lock.json of version 2 or 3."""

    source: Name
    file: RelativePath = "package-lock.json"
    scripts: Literal["deny"] = "deny"
    dev: bool = False


class GoDependencies(_Wire, frozen=True, kw_only=True, tag="go"):
    """The modules a go.sum pins."""

    source: Name
    file: RelativePath = "go.sum"


Dependencies = PipDependencies | NpmDependencies | GoDependencies


class StepLimits(_Wire, frozen=True, kw_only=True):
    """What a step may use."""

    seconds: Annotated[int, Meta(ge=1, le=86_400)] = 600
    memory_mib: Annotated[int, Meta(ge=16, le=1_048_576)] = 2048
    output_mib: Annotated[int, Meta(ge=1, le=1_048_576)] = 1024
    processes: Annotated[int, Meta(ge=1, le=65_536)] = 1024


class Step(_Wire, frozen=True, kw_only=True):
    """One sealed command: it sees its toolchain, inputs and dependencies, and nothing else."""

    name: Name
    toolchain: Name
    run: Text
    """A shell script; `$SRC` holds the inputs, `$OUT` takes the outputs."""
    outputs: Annotated[dict[Name, RelativePath], Meta(min_length=1)]
    """Name → pattern of paths in `$OUT`; each must match."""
    inputs: tuple[Text, ...] = ()
    """`sources.X`, `dependencies.X` or `steps.X.OUTPUT` of an earlier step."""
    env: dict[str, str] = {}
    hardening: Literal["full", "none"] = "full"
    trace: Literal["none", "processes", "files"] = "none"
    limits: StepLimits = StepLimits()


class Install(_Wire, frozen=True, kw_only=True):
    """Something laid into the image."""

    from_: Annotated[
        Text,
        Meta(
            pattern=r"^(?:sources|dependencies)\.[^.]+$|^steps\.[^.]+\.[^.]+$",
            description="One of sources.X, dependencies.X and steps.X.OUTPUT.",
        ),
    ] = field(name="from")
    to: AbsolutePath
    path: RelativePath | None = None
    """Only this part of it."""
    as_: Literal["tree", "wheel"] = field(name="as", default="tree")
    mode: Mode | None = None
    """Of every file; else 0755 where the source is executable, 0644 elsewhere."""
    uid: Id = 0
    gid: Id = 0
    platforms: tuple[Platform, ...] = ()
    """Into the images of these alone; else of all."""


class User(_Wire, frozen=True, kw_only=True):
    """A line of /etc/passwd, with its home folder."""

    name: Name
    uid: Id
    gid: Id | None = None
    """Else a group of the user's own name and number."""
    home: AccountPath = "/nonexistent"
    shell: AccountPath = "/usr/sbin/nologin"


class Group(_Wire, frozen=True, kw_only=True):
    """A line of /etc/group."""

    name: Name
    gid: Id
    members: tuple[Name, ...] = ()


class Accounts(_Wire, frozen=True, kw_only=True):
    """Who exists in the image, and who the image runs as."""

    run_as: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]*(?::[a-z0-9][a-z0-9._-]*)?$")] = "root"
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()


class HealthCheck(_Wire, frozen=True, kw_only=True):
    """How an engine asks whether the program is well (Docker's extension of the config)."""

    test: Annotated[tuple[Text, ...], Meta(min_length=1)]
    interval_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    timeout_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    start_period_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    retries: Annotated[int, Meta(ge=0, le=1000)] = 0


class RunConfig(_Wire, frozen=True, kw_only=True):
    """How the image is run (OCI image-spec 1.1, config.md)."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: dict[Variable, str] = {}
    ports: tuple[Annotated[int, Meta(ge=1, le=65535)] | Port, ...] = ()
    working_dir: AbsolutePath = "/"
    labels: dict[str, str] = {}
    volumes: tuple[AbsolutePath, ...] = ()
    stop_signal: (
        Annotated[str, Meta(pattern=r"^(?:SIG[A-Z0-9+]+|[0-9]+)$", description="Such as SIGTERM, or its number.")]
        | None
    ) = None
    healthcheck: HealthCheck | None = None


class Layers(_Wire, frozen=True, kw_only=True):
    """How the tree is cut into layers."""

    by: Literal["origin", "single"] = "origin"
    budget: Annotated[int, Meta(ge=1, le=100)] = 5
    compression: Literal["gzip", "zstd", "zlib", "libdeflate", "none"] = "gzip"


class ImageTest(_Wire, frozen=True, kw_only=True):
    """A command that must succeed in the finished image."""

    name: Name
    run: Annotated[tuple[str, ...], Meta(min_length=1)]


class MaintainerScripts(_Wire, frozen=True, kw_only=True):
    """Packages whose scripts somebody has read and does not need."""

    acknowledge: tuple[DebianName, ...] = ()


class Image(_Wire, frozen=True, kw_only=True):
    """What the image holds and how it runs."""

    debian: Name | None = None
    packages: tuple[DebianName, ...] = ()
    strip: tuple[Literal["docs", "man", "info", "locales"], ...] = ()
    maintainer_scripts: MaintainerScripts = MaintainerScripts()
    install: tuple[Install, ...] = ()
    accounts: Accounts = Accounts()
    config: RunConfig = RunConfig()
    annotations: dict[AnnotationKey, Annotated[str, Meta(max_length=65_536)]] = {}
    """Of each platform's manifest, beside the title, version and time it has in any case; `labels` are the config's."""
    layers: Layers = Layers()
    tests: tuple[ImageTest, ...] = ()


class Rebuild(_Wire, frozen=True, kw_only=True):
    """The second build and what must differ around it."""

    times: Annotated[int, Meta(ge=1, le=10)] = 1
    vary: tuple[Literal["uid", "cpus", "order", "clock", "kernel", "umask"], ...] = ()
    on_difference: Literal["fail", "warn", "report"] = "fail"
    """What `assay build` does: publish nothing, publish and warn, or publish; the verdict is recorded in any case."""


class Assurance(_Wire, frozen=True, kw_only=True):
    """What must be shown about the image."""

    rebuild: Rebuild = Rebuild()
    sbom: tuple[Literal["cyclonedx", "spdx"], ...] = ("cyclonedx",)


class Spec(_Wire, frozen=True, kw_only=True):
    """The whole spec of one image."""

    api_version: Literal["assay.build/v1"] = field(name="apiVersion")
    kind: Literal["Image"]
    metadata: Metadata
    epoch: Annotated[int, Meta(ge=0, le=253_402_300_799)] | CommitOf
    """The time of everything in the image, in seconds since 1970, or of which commit it is taken."""
    image: Image
    lock: RelativePath | None = None
    """The lock file, beside the spec; else the spec's name with `.lock.json`."""
    platforms: Annotated[tuple[Platform, ...], Meta(min_length=1, max_length=16)] = ("linux/amd64",)
    sources: dict[Name, Source] = {}
    debian: dict[Name, Debian] = {}
    toolchains: dict[Name, Toolchain] = {}
    dependencies: dict[Name, Dependencies] = {}
    steps: tuple[Step, ...] = ()
    assurance: Assurance = Assurance()
