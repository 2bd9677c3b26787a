"""One stage of a Dockerfile while it is read: what of the spec it has brought so far."""

from dataclasses import dataclass, field

from assay.build.dockerfile.verdicts import Remark


@dataclass
class Account:
    """A user or group that was asked for; None where no number was given."""

    name: str
    uid: int | None = None
    gid: int | None = None
    home: str = ""
    shell: str = ""


@dataclass
class Copied:
    """Something a COPY or ADD laid into the tree."""

    source: str
    """`context`, a stage, or a source of the spec."""
    paths: tuple[str, ...]
    to: str
    mode: str = ""
    owner: str = ""


@dataclass(eq=False)
class Stage:
    """What a stage says; a mutable builder, as instructions come one by one. Equal to itself alone."""

    name: str
    line: int
    is_last: bool = False
    """The image itself; the others only build."""
    base: str = ""
    distribution: str = ""
    """Debian code name the packages come from; empty where the base is not known."""
    python: str = ""
    """Version of Python the base brings, if it brings one."""
    packages: list[str] = field(default_factory=list)
    toolchain: list[str] = field(default_factory=list)
    """Packages that only building needs."""
    env: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = ""
    users: list[Account] = field(default_factory=list)
    groups: list[Account] = field(default_factory=list)
    copied: list[Copied] = field(default_factory=list)
    pip: list[str] = field(default_factory=list)
    """Requirements files, as paths in the context."""
    places: list[str] = field(default_factory=list)
    """Folders in the tree that pip installs into: by default that of the base's Python, a prefix, a virtual
    environment."""
    carried: list[tuple["Stage", str]] = field(default_factory=list)
    """Requirements files of other stages, of which what was installed is copied here."""
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Where that was there, and is here."""
    modules: list[tuple["Stage", str, str]] = field(default_factory=list)
    """The same of npm: stage, folder of the lock there, and where its `node_modules` is here."""
    npm: list[str] = field(default_factory=list)
    """Folders in the tree whose package-lock.json is installed."""
    develops: bool = False
    """Whether npm brings what only development needs, too."""
    go: list[str] = field(default_factory=list)
    """Folders in the tree whose go.sum names modules."""
    script: list[str] = field(default_factory=list)
    """Lines of a build step."""
    fetched: list[str] = field(default_factory=list)
    """Sources its script takes from `$SRC`."""
    config: dict[str, object] = field(default_factory=dict)
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    has_command: bool = False
    """Whether it has a CMD of its own: an ENTRYPOINT takes away one that was inherited."""

    @property
    def known(self) -> dict[str, str]:
        """Variables with their values: `ENV` wins over `ARG` (Dockerfile reference)."""
        return {**self.arguments, **self.env}

    def place(self, path: str, *, several: bool = False) -> str:
        """Where a COPY lays things: with a slash at the end where it is a folder, as far as the text tells.

        It is one by its slash, by several sources, or because the stage has made it (Dockerfile reference, COPY).
        """
        place = self.absolute(path).rstrip("/") or "/"
        folder = place.rstrip("/") + "/"
        if several or path.endswith("/") or path.rpartition("/")[2] in (".", "..") or place == self.workdir:
            return folder
        return folder if f"{place}/" in [one.to for one in self.copied] else place

    def absolute(self, path: str) -> str:
        """A path in the stage's tree, from its working folder."""
        joined = path if path.startswith("/") else f"{self.workdir.rstrip('/')}/{path}"
        parts: list[str] = []
        for part in joined.split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        return "/" + "/".join(parts)


@dataclass
class Work:
    """All stages, the sources they share, and what was seen on the way."""

    stages: list[Stage] = field(default_factory=list)
    sources: dict[str, dict[str, object]] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)

    def stage(self, name: str) -> Stage | None:
        """A stage by name or number (`COPY --from`)."""
        if name.isdecimal():
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return next((stage for stage in self.stages if stage.name and stage.name.casefold() == name.casefold()), None)
