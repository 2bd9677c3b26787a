"""From a spec, its lock and the sealed store to an image: no network, no clock, nothing that the lock does not name.

One row of `COLLECTORS` a kind of input: it gives entries with their owners; everything after that knows no kinds.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import msgspec

from assay.build import accounts, assemble, compose, content, layering, platforms, wheel
from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.debian.scripts import Script
from assay.build.lock_fit import misfits
from assay.build.spec_read import PlacedSpec, spec_digest
from assay.flows.collect_debian import Sharing, architecture_of, of_role, one_by_one
from assay.flows.collect_languages import trees as trees_of
from assay.flows.image_tests import Ran, run_tests
from assay.flows.install import install, laid
from assay.flows.shaping import compressor, shaping_names, shaping_tools
from assay.flows.steps import RanStep, Running, Stand, run_steps
from assay.formats import compressors
from assay.model.errors import UnsupportedError, UntrustedError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.stores import BlobSink, ContentStore, Spool

_PARTS_COUNT = 8
"""The inputs are read in so many parts, as many of them at once as there are threads."""
PASSWD, GROUP = b"etc/passwd", b"etc/group"
_ACCOUNTS = Owner("rule", "accounts")


class Building(msgspec.Struct, frozen=True, kw_only=True):
    """What a build works with."""

    spec: specs.Spec
    lock: locks.Lock
    store: ContentStore
    """Sealed."""
    spool: Spool
    limits: Limits
    reviewed: Mapping[str, str] = {}
    """Digest of a maintainer script → what stands in for it."""
    skipped: list[Script] = []
    """Maintainer scripts that were not run; collectors add to it."""
    steps: tuple[RanStep, ...] = ()
    dependencies: Mapping[str, tuple[OwnedEntry, ...]] = {}
    """Trees of language dependencies, by name."""
    sharing: Sharing = one_by_one
    ahead: compressors.Ahead = compressors.in_turn


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build made."""

    root: Descriptor
    """The manifest, or the index of several platforms."""
    images: tuple[assemble.BuiltImage, ...]
    trees: tuple[tuple[OwnedEntry, ...], ...]
    """Every entry with its owner, per image: the SBOM's and the comparisons' source."""
    tests: tuple[Ran, ...]
    """The spec's tests, each run in the first image's own tree; what fails is not published."""
    inputs_bytes: int
    """Read and hashed before anything began."""
    skipped: tuple[Script, ...] = ()
    """Maintainer scripts that were not run, with what stands in for each."""
    steps: tuple[RanStep, ...] = ()
    """Every step that ran, with its outputs, inputs and isolation."""
    sealed_on: str = ""
    """When every input had been read whole and the store was closed for writing; empty where no step ran."""
    checked_on: str = ""
    """When every input was hashed again, after the last step; empty where no step ran."""


Collector = Callable[[Building, Platform], Iterator[OwnedEntry]]


def build(
    placed: PlacedSpec,
    lock: locks.Lock,
    store: ContentStore,
    spool: Spool,
    sink: BlobSink,
    *,
    tag: str,
    limits: Limits,
    reviewed: Mapping[str, str] | None = None,
    stand: Stand | None = None,
    sharing: Sharing = one_by_one,
    ahead: compressors.Ahead = compressors.in_turn,
    published: bool = True,
    tested: bool = True,
) -> Built:
    """Build every platform of a spec and publish it under a tag; unless `published`, that is left to the caller.

    `sharing` and `ahead` let packages be inflated and layers be compressed side by side; the bytes are the same
    whatever they do. `tested`: whether the tests of the image run; they say nothing of its bytes.

    Raises:
        UntrustedError: the lock is another spec's; an input is not what the lock says.
        UnavailableError: an input is not in the store.
        UnsupportedError: a part this version cannot build; a compressor or tar writer other than the lock's.
        MalformedError: two inputs disagree on a path.
    """
    spec = placed.spec
    check_fit(spec, lock)
    at = Building(
        spec=spec, lock=lock, store=content.Sealed(store), spool=spool, limits=limits, reviewed=reviewed or {},
        skipped=[], sharing=sharing, ahead=ahead,
    )  # fmt: skip
    read = _checked(at)
    at = msgspec.structs.replace(at, dependencies=_dependencies(at, spec.platforms[0]))
    sealed_on = checked_on = ""
    if spec.steps:
        able = _able(placed, stand, "steps")
        sealed_on = able.clock.now()
        at = msgspec.structs.replace(at, steps=_ran(at, able))
        content.check(at.store, locks.blobs(lock))  # nobody changed under the steps what they were given
        checked_on = able.clock.now()
    made = {text: _image(_of_platform(at, text), text, sink) for text in sorted(spec.platforms)}
    images, trees = zip(*made.values(), strict=True)
    root = assemble.write_index(images, sink, limits)
    first, tree = made[spec.platforms[0]]
    tests = _tested(placed, at, tree, first.user, stand) if tested else ()
    if published and all(one.passed for one in tests):
        sink.publish(root, tag)
    return Built(
        root=root, images=images, trees=trees, tests=tests, inputs_bytes=read, skipped=tuple(sorted(at.skipped)),
        steps=at.steps, sealed_on=sealed_on, checked_on=checked_on,
    )  # fmt: skip


def _of_platform(at: Building, text: str) -> Building:
    """With the dependencies that a platform takes."""
    if text == at.spec.platforms[0]:
        return at
    return msgspec.structs.replace(at, dependencies=_dependencies(at, text))


def _checked(at: Building) -> int:
    """Look at the tools, and read every input to its end, side by side; how many bytes of inputs there are."""
    digests, sizes = list(locks.blobs(at.lock)), dict(locks.sizes(at.lock))
    parts = [digests[start::_PARTS_COUNT] for start in range(_PARTS_COUNT)]
    jobs = [partial(_check_tools, at.spec, at.lock), *(partial(content.check, at.store, part, sizes) for part in parts)]
    return sum(filter(None, at.sharing(lambda job: job(), jobs)))


def check_lock(spec: specs.Spec, lock: locks.Lock) -> None:
    """Whether the lock is this spec's, and the tools here make the bytes it promises.

    Raises:
        UntrustedError: it pins another spec, or says other than the spec. UnsupportedError: a tool differs; the
            message names it.
    """
    check_fit(spec, lock)
    _check_tools(spec, lock)


def check_fit(spec: specs.Spec, lock: locks.Lock) -> None:
    """Whether the lock is this spec's, whatever the tools here are.

    Raises:
        UntrustedError: it pins another spec, or says other than the spec.
    """
    if lock.spec != str(spec_digest(spec)):
        raise _mismatch(
            spec, f"the lock pins the spec {lock.spec}, this is {spec_digest(spec)}",
            "run `assay lock` and look at what changed",
        )  # fmt: skip
    odd = list(misfits(spec, lock))
    odd += [f"it pins no {name}" for name in sorted(shaping_names(spec) - {tool.name for tool in lock.tools})]
    if odd:
        more = f", and {len(odd) - 3} more" if len(odd) > 3 else ""
        raise _mismatch(spec, "; ".join(odd[:3]) + more, "somebody edited it: write it anew with `assay lock`")


def _check_tools(spec: specs.Spec, lock: locks.Lock) -> None:
    """Whether the tools here make the bytes the lock promises.

    Raises:
        UnsupportedError: one differs; the message names it.
    """
    here = {tool.name: tool for tool in shaping_tools(spec, lock)}
    for tool in lock.tools:
        _same_bytes(tool, here.get(tool.name))


def _mismatch(spec: specs.Spec, why: str, remedy: str) -> UntrustedError:
    return UntrustedError(
        "the lock is not this spec's", where=spec.metadata.name, why=why, remedy=remedy, code="LOCK_MISMATCH",
        step="lock",
    )  # fmt: skip


def _same_bytes(tool: locks.ShapingTool, here: locks.ShapingTool | None) -> None:
    """A tool is what its golden digest says; one without (the tar writer), what its version says."""
    if here is not None and tool.golden == here.golden and (tool.golden or tool.version == here.version):
        return
    raise UnsupportedError(
        "a tool here makes other bytes than the lock promises", where=tool.name,
        why=f"locked {tool.version} golden {tool.golden}, here "
        + (f"{here.version} golden {here.golden}" if here else "none"),
        remedy="build where that version is installed, or lock anew",
    )  # fmt: skip


def _dependencies(at: Building, platform: str) -> dict[str, tuple[OwnedEntry, ...]]:
    """Trees of what one platform takes of the language dependencies; the same ones are laid once."""
    own = platforms.of_platform(at.lock, platform)
    first = platforms.of_platform(at.lock, at.spec.platforms[0])
    if at.dependencies and (own.python, own.npm) == (first.python, first.npm):
        return dict(at.dependencies)
    return trees_of(own, at.store, at.spool, at.limits)


def _able(placed: PlacedSpec, stand: Stand | None, part: str) -> Stand:
    """Where commands of a part of the spec run.

    Raises:
        UnsupportedError: nowhere: there is no sandbox, or this machine does not run the spec's first platform, in which
            steps and tests run or not at all, as nothing is emulated.
    """
    if stand is None:
        raise UnsupportedError(
            "no sandbox", where=placed.places.where(part), why="commands of a spec run sealed off, or not at all",
            remedy="install bubblewrap, or leave them out of the spec",
        )  # fmt: skip
    first = placed.spec.platforms[0]
    if not platforms.runs_here(first, stand.platform):
        raise UnsupportedError(
            "this machine does not run the platform's code", where=placed.places.where(part),
            why=f"they run in {first}, this is {stand.platform}",
            remedy=f"build on {first}, or name first a platform this machine runs",
        )  # fmt: skip
    return stand


def _own_code(at: Building, tree: tuple[OwnedEntry, ...], platform: str) -> None:
    """What steps left for the first platform is no code of another one (brief B37).

    Raises:
        UnsupportedError: it is; such an image would hold programs its machine cannot run.
    """
    if platform == at.spec.platforms[0]:
        return
    found = next(platforms.foreign(tree, at.spool, platform), None)
    if found is not None:
        item, machine = found
        raise UnsupportedError(
            "a step's output is code of another platform",
            where=f"{item.owner} {item.entry.path.decode('utf-8', 'replace')}",
            why=f"it is for {machine}; steps run in {at.spec.platforms[0]}, and {platform} takes it too",
            remedy="compile for each platform and say `platforms:` beside `install`, or write one spec a platform",
        )  # fmt: skip


def _image(at: Building, text: str, sink: BlobSink) -> tuple[assemble.BuiltImage, tuple[OwnedEntry, ...]]:
    platform = Platform(*text.split("/"))
    entries = [entry for collect in COLLECTORS for entry in collect(at, platform)]
    _own_code(at, tuple(entries), text)
    entries, user = _with_accounts(at, entries)
    tree = compose.compose(entries, epoch=at.lock.epoch)
    by = compressor(at.spec, at.lock)
    layers = [
        assemble.write_layer(plan, at.spool.read, by, sink, at.limits, at.ahead)
        for plan in layering.plan(tree, at.spec.image.layers)
    ]
    image = assemble.write_image(
        layers, run=at.spec.image.config, user=user, metadata=at.spec.metadata, platform=platform, epoch=at.lock.epoch,
        sink=sink, limits=at.limits, annotations=at.spec.image.annotations,
    )  # fmt: skip
    said = platforms.label(at.spec, text, tested=bool(at.spec.image.tests) and text == at.spec.platforms[0])
    return msgspec.structs.replace(image, label=said), tree


def _with_accounts(at: Building, entries: list[OwnedEntry]) -> tuple[list[OwnedEntry], str]:
    """The entries with the accounts' files over those an input brought, home folders, and the user to run as."""
    wanted = at.spec.image.accounts
    brought = {item.entry.path: item for item in entries if item.entry.path in (PASSWD, GROUP) and item.span}
    base = {path: b"".join(at.spool.read(item.span)) for path, item in brought.items() if item.span}
    passwd, group = base.get(PASSWD, accounts.ROOT_PASSWD), base.get(GROUP, accounts.ROOT_GROUP)
    user = accounts.run_as(wanted, passwd=passwd, group=group)
    if brought and not wanted.users and not wanted.groups:
        return entries, user
    kept = [item for item in entries if item.entry.path not in brought]
    for path, data in zip((PASSWD, GROUP), accounts.files(wanted, passwd=passwd, group=group), strict=True):
        span = at.spool.add([data])
        kept.append(OwnedEntry(TreeEntry(path=path, size=span.size), _ACCOUNTS, span))
    there = {item.entry.path for item in kept}
    for one in wanted.users:
        home = one.home.strip("/").encode()
        if home and one.home != "/nonexistent" and home not in there:
            entry = TreeEntry(path=home, kind="directory", mode=0o755, uid=one.uid, gid=accounts.gid_of(one))
            kept.append(OwnedEntry(entry, _ACCOUNTS))
            there.add(home)
    return kept, user


def _sources(at: Building, platform: Platform) -> Iterator[OwnedEntry]:
    """What `image.install` takes from sources."""
    for item in platforms.installs(at.spec.image, str(platform)):
        kind, _, name = item.from_.partition(".")
        if kind == "sources":
            source, locked = at.spec.sources[name], at.lock.sources[name]
            owner = Owner("source", name)
            yield from install(source, locked, item, owner, at.store, at.spool, at.limits, epoch=at.lock.epoch)


def _packages(at: Building, platform: Platform) -> Iterator[OwnedEntry]:
    """The image's Debian packages; scripts that were not run are noted."""
    image = at.spec.image
    if image.debian is None:
        return
    tree = of_role(
        at.lock, "image", architecture_of(platform), store=at.store, spool=at.spool, limits=at.limits,
        reviewed=at.reviewed, acknowledged=image.maintainer_scripts.acknowledge, strip=image.strip,
        sharing=at.sharing,
    )  # fmt: skip
    at.skipped.extend(one for one in tree.skipped if one not in at.skipped)
    yield from tree.entries


def _tested(
    placed: PlacedSpec, at: Building, tree: tuple[OwnedEntry, ...], user: str, stand: Stand | None
) -> tuple[Ran, ...]:
    """The spec's tests of an image, before anybody can use it."""
    image = at.spec.image
    if not image.tests:
        return ()
    able = _able(placed, stand, "image.tests")
    return run_tests(image.tests, tree, able, at.spool, environment=image.config.env, epoch=at.lock.epoch, user=user)


def _ran(at: Building, stand: Stand) -> tuple[RanStep, ...]:
    """The steps' outputs."""
    running = Running(
        spec=at.spec, lock=at.lock, store=at.store, spool=at.spool, limits=at.limits, reviewed=at.reviewed, stand=stand,
        sharing=at.sharing,
    )  # fmt: skip
    return run_steps(running, at.dependencies)


def _outputs(at: Building, platform: Platform) -> Iterator[OwnedEntry]:
    """What `image.install` takes from steps and language dependencies."""
    ran = {step.name: step for step in at.steps}
    for item in platforms.installs(at.spec.image, str(platform)):
        kind, _, rest = item.from_.partition(".")
        if kind == "steps":
            step, _, output = rest.partition(".")
            found = next(one for one in ran[step].outputs if one.name == output)
            yield from laid(_unpacked(at, found.entries, found.name, item), item)
        elif kind == "dependencies":
            yield from laid(at.dependencies.get(rest, ()), item)


def _unpacked(at: Building, entries: tuple[OwnedEntry, ...], name: str, item: specs.Install) -> tuple[OwnedEntry, ...]:
    """A step's wheels laid as an installer would, where the spec asks for that."""
    if item.as_ != "wheel":
        return entries
    found: list[OwnedEntry] = []
    for one in entries:
        file = one.entry.path.rpartition(b"/")[2].decode("utf-8", "replace")
        if one.span is None or not file.endswith(".whl"):
            raise UnsupportedError(
                "an output that is no wheel", where=f"{item.from_} {file}", why="`as: wheel` was asked for",
                remedy="let the output name the wheels alone",
            )  # fmt: skip
        data = b"".join(at.spool.read(one.span))
        found += wheel.lay(data, file, owner=one.owner, spool=at.spool.add, limits=at.limits)
    return tuple(found)


COLLECTORS: tuple[Collector, ...] = (_sources, _packages, _outputs)
"""In any order: the tree is sorted."""
