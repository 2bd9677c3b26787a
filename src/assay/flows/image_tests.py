"""Tests of a finished image: each command runs in the image's own tree, sealed off, as the image's own user would."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack

import msgspec

from assay.build import compose
from assay.build import spec as specs
from assay.build.sealing import MOUNT_POINTS
from assay.flows.steps import Stand, tried
from assay.model.predicates import TestResult
from assay.model.statement import ResourceDescriptor
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.sandbox import SandboxLimits, SealedCommand
from assay.ports.stores import Spool

_SECONDS = 120.0


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One test and how it ended."""

    name: str
    passed: bool
    log: bytes


def run_tests(
    tests: Iterable[specs.ImageTest],
    tree: tuple[OwnedEntry, ...],
    stand: Stand,
    spool: Spool,
    *,
    environment: Mapping[str, str],
    epoch: int,
    user: str = "1000:1000",
) -> tuple[Ran, ...]:
    """Run the tests of a spec in the tree it made.

    Args:
        tests: of the spec.
        tree: every entry of the image.
        stand: where commands run.
        spool: holds the bytes of files.
        environment: of the image's config.
        epoch: time of everything.
        user: numbers of the user and group the image runs as.

    Raises:
        UnsupportedError: the sandbox is open.
    """
    wanted = tuple(tests)
    if not wanted:
        return ()
    number_of_user, _, number_of_group = user.partition(":")
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/build", **environment}
    owner = Owner("rule", "mount-points")
    points = [OwnedEntry(TreeEntry(path=name.encode(), kind="directory", mode=0o755), owner) for name in MOUNT_POINTS]
    there = {item.entry.path for item in tree}
    whole = compose.compose([*tree, *(one for one in points if one.entry.path not in there)], epoch=epoch)
    found = []
    with ExitStack() as stack:
        root = stack.enter_context(stand.workshop.lay(whole, spool.read, epoch=epoch))
        for number, test in enumerate(wanted):
            command = SealedCommand(
                root=root,
                arguments=test.run,
                environment=tuple(sorted(variables.items())),
                limits=SandboxLimits(seconds=_SECONDS),
                user=(int(number_of_user), int(number_of_group)),
            )
            if number == 0:
                tried(stand.sandbox, command, f"test {test.name}")
            done = stand.sandbox.run(command)
            found.append(Ran(name=test.name, passed=not done.stopped and done.exit_code == 0, log=done.log))
    return tuple(found)


def result(ran: tuple[Ran, ...], spec_digest: str) -> TestResult:
    """What the tests say, as the predicate test-result v0.1."""
    algorithm, _, value = spec_digest.partition(":")
    return TestResult(
        result="PASSED" if all(one.passed for one in ran) else "FAILED",
        configuration=(ResourceDescriptor(name="spec", digest={algorithm: value}),),
        passed_tests=tuple(one.name for one in ran if one.passed),
        failed_tests=tuple(one.name for one in ran if not one.passed),
    )
