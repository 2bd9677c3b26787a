"""COPY and ADD: what comes to lie where, in a step's tree and in the image (Dockerfile reference, "COPY")."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from assay.build.dockerfile.stage import Account, Copied, Stage

Kind = Literal["file", "directory"]
HOLE = "NEEDS A PERSON"
"""Stands where a value is missing: no field with a form accepts it, so the spec is refused with its place."""
ROOT = "/build/root"
"""Where a step keeps the tree its stage had at `/`."""
_PATTERN = re.compile(r"[*?\[]")
_KNOWN = {"root": (0, 0), "nobody": (65534, 65534), "www-data": (33, 33), "daemon": (1, 1)}
"""Users every Debian image has (base-passwd)."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the build context."""

    kind: Callable[[str], Kind | None] = lambda path: None
    """Whether a path is a file or a folder; None where nobody knows."""
    names: Callable[[str], tuple[str, ...]] = lambda pattern: ()
    """Paths a pattern stands for, sorted."""

    def is_folder(self, path: str) -> bool:
        """As its owner says, else by its looks."""
        known = self.kind(path)
        if known is not None:
            return known == "directory"
        return path == "." or "." not in path.rsplit("/", 1)[-1].lstrip(".")


def tidy(path: str) -> str:
    """A path of the context without slashes and dots around it; `.` for all of it.

    >>> tidy("./src//a/"), tidy("/"), tidy(".")
    ('src/a', '.', '.')
    """
    return "/".join(part for part in path.split("/") if part not in ("", ".")) or "."


def settled(copied: Iterable[Copied], context: Context) -> list[Copied]:
    """What a stage copies: patterns spread into paths, and left out what a later COPY lays to the same place anyway."""
    found: list[Copied] = []
    for one in copied:
        if one.source != "context":
            found.append(one)
            continue
        paths = tuple(name for path in one.paths for name in _spread(tidy(path), context))
        folder = one.to if one.to.endswith("/") or not _several(one.paths, context) else f"{one.to}/"
        found.append(Copied(one.source, paths, folder, mode=one.mode, owner=one.owner))
    later = _Later(context)
    for one in reversed(found):
        if one.source == "context":
            paths = one.paths
            one.paths = tuple(path for path in paths if not later.covers(path, one.to))
            later.add(paths, one.to)
    return [one for one in found if one.paths or one.source.startswith("source ")]


def _several(paths: tuple[str, ...], context: Context) -> bool:
    """Whether a pattern stands for more than one path: then only a folder can take them."""
    return any(_PATTERN.search(path) for path in paths) and sum(len(_spread(tidy(p), context)) for p in paths) > 1


def _spread(path: str, context: Context) -> tuple[str, ...]:
    return (context.names(path) or (path,)) if _PATTERN.search(path) else (path,)


class _Later:
    """Where later COPYs lay things: asked of each path of the earlier ones, however many there are."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._itself: dict[str, set[str]] = {}
        """Path of the context → where it comes to lie."""
        self._folders: dict[str, set[str]] = {}
        """Folder → where what is in it comes to lie."""
        self._lengths: set[int] = set()
        """Of the folders' paths."""

    def add(self, paths: Iterable[str], to: str) -> None:
        """One more COPY, before those that are known."""
        for path in paths:
            self._itself.setdefault(path, set()).add(_lands(path, to, path, self._context))
            if self._context.is_folder(path):
                self._folders.setdefault(path, set()).add(to.rstrip("/"))
                self._lengths.add(len(path))

    def covers(self, path: str, to: str) -> bool:
        """Whether one of them lays the path to where this COPY does."""
        here = _lands(path, to, path, self._context)
        if here in self._itself.get(path, ()) or (path != "." and self._is_laid(".", f"/{path}", here)):
            return True
        ends = [end for end in self._lengths if path.startswith("/", end)]
        return any(self._is_laid(path[:end], path[end:], here) for end in ends)

    def _is_laid(self, folder: str, rest: str, here: str) -> bool:
        """Whether that folder's COPY lays what is `rest` in it there; one to `/` itself is not looked for."""
        place = here.removesuffix(rest)
        return place not in ("", here) and place in self._folders.get(folder, ())


def _lands(path: str, to: str, source: str, context: Context) -> str:
    """Where a path of the context comes to lie when `source`, itself or a folder above, is copied; empty: nowhere."""
    if context.is_folder(source):
        if source not in (".", path) and not path.startswith(f"{source}/"):
            return ""
        rest = path if source == "." else path[len(source) :].lstrip("/")
        return "/".join(filter(None, (to.rstrip("/"), rest if rest != "." else ""))) or "/"
    if path != source:
        return ""
    return f"{to}{source.rsplit('/', 1)[-1]}" if to.endswith("/") else to


def origin(copied: Iterable[Copied], path: str, context: Context) -> str:
    """Where in the context a file of the tree comes from, by what is `settled`; empty where it does not."""
    for one in reversed(tuple(copied)):
        for source in one.paths if one.source == "context" else ():
            if not context.is_folder(source):
                if _lands(source, one.to, source, context) == path:
                    return source
                continue
            folder = one.to.rstrip("/")
            if path.startswith(f"{folder}/"):
                return tidy(f"{source}/{path.removeprefix(f'{folder}/')}")
    return ""


def into_tree(one: Copied, context: Context) -> list[str]:
    """The shell lines that do it in a step's tree."""
    if one.source != "context":
        return [f"# {HOLE}: {one.source} {' '.join(one.paths)} → {one.to}"]
    lines = []
    for path in one.paths:
        place = '"$SRC"/context/' + ("." if path == "." else shlex.quote(path))
        goal = shlex.quote(f"{ROOT}{one.to.rstrip('/')}")
        if context.is_folder(path):
            lines.append(f"mkdir -p {goal} && cp -a {place}/. {goal}/")
        elif one.to.endswith("/"):
            lines.append(f"mkdir -p {goal} && cp -a {place} {goal}/")
        else:
            lines.append(f'mkdir -p "$(dirname {goal})" && cp -a {place} {goal}')
    return lines


def into_image(one: Copied, owner: Mapping[str, object]) -> list[dict[str, object]]:
    """The entries of `install` that do it in the image."""
    entries = []
    for path in one.paths:
        entry: dict[str, object] = {"from": "sources.context", "to": one.to}
        entries.append({**entry, **({} if path == "." else {"path": path}), **owner})
    return entries


def out_of_step(one: Copied, output: str, moved: Callable[[str], str]) -> list[str]:
    """The shell lines by which a step hands over what another stage copies from it."""
    lines = [f'mkdir -p "$OUT/{output}"']
    for path in one.paths:
        place = moved(path.rstrip("/") or "/")
        if not one.to.endswith("/"):
            lines.append(f'cp -a {place} "$OUT/{output}/{one.to.rsplit("/", 1)[-1]}"')
            continue
        # COPY lays the content of a folder, not the folder itself; a file goes by its own name.
        goal = f'"$OUT/{output}/"'
        lines.append(f"if [ -d {place} ]; then cp -a {place}/. {goal}; else cp -a {place} {goal}; fi")
    return lines


def owned(one: Copied, users: Mapping[str, Account], stage: Stage) -> dict[str, object]:
    """`uid`, `gid` and `mode` of an `install` entry, by `--chown` and `--chmod`."""
    found: dict[str, object] = {}
    if one.owner:
        name, colon, group = one.owner.partition(":")
        uid, own = _user(name, users)
        gid = _group(group, users, stage) if colon else own
        found = {"uid": HOLE if uid is None else uid, "gid": HOLE if gid is None else gid}
    return found | ({"mode": one.mode} if one.mode else {})


def _user(name: str, users: Mapping[str, Account]) -> tuple[int | None, int | None]:
    """Number of a user and of their group."""
    if name.isdecimal():
        return int(name), int(name)
    if name in users:
        user = users[name]
        return user.uid, user.uid if user.gid is None else user.gid
    return _KNOWN.get(name, (None, None))


def _group(name: str, users: Mapping[str, Account], stage: Stage) -> int | None:
    if name.isdecimal():
        return int(name)
    made = next((group.uid for group in stage.groups if group.name == name and group.uid is not None), None)
    return made if made is not None else _user(name, users)[1]
