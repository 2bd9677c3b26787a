"""A second build: what is varied, what cannot be, which condition is to blame, and the worst verdict counts."""

import os
import shutil

import pytest

from assay.adapters import faketime
from assay.adapters.spool import FileSpool
from assay.adapters.varying import OTHER_UMASK, Machine
from assay.flows.rebuild import Run, rebuild, together, worst
from assay.formats import rebuilding
from assay.interfaces.cli.render.rebuilding import text
from assay.model.comparison import Comparison, Conditions
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS
from assay.model.rebuilding import Variation
from assay.model.tree import OwnedEntry, Owner, TreeEntry

SUBJECT = Subject(name="x")
VARIED = tuple(Variation(name=name, state="varied") for name in ("cpus", "kernel", "umask"))
STUCK = Variation(name="clock", state="not varied", why="nobody can")


class Builder:
    """A build that differs where one of the guilty conditions is changed, or by itself."""

    def __init__(self, *guilty: str, chance: bool = False) -> None:
        self.guilty, self.chance, self.asked = set(guilty), chance, []

    def again(self, names: frozenset[str]) -> Run:
        self.asked.append(names)
        return Run(source=None, conditions=Conditions(cpus_count=len(self.asked)), isolation="sealed")

    def compare(self, one: Run, other: Run) -> Comparison:
        differs = self.chance or bool(self.guilty & self.asked[-1])
        counts = {"cpu-count": 1} if differs else {}
        return Comparison(before=SUBJECT, after=SUBJECT, verdict="different" if differs else "identical", counts=counts)

    def run(self, **more):
        return rebuild(Run(source=None), self.again, self.compare, (*VARIED, STUCK), **more)


def test_everything_that_can_be_varied_is_and_the_rest_is_said() -> None:
    builder = Builder()
    report = builder.run(times=2, bisect=True)
    assert (report.verdict, report.isolation, len(report.comparisons)) == ("identical", "sealed", 2)
    assert builder.asked == [frozenset({"cpus", "kernel", "umask"})] * 2, "what is the same is not bisected"
    assert "clock: not varied (nobody can)" in text(report)


def test_the_guilty_condition_is_found_by_itself() -> None:
    report = Builder("cpus").run(bisect=True)
    assert report.verdict == "different"
    assert report.guilty == ("cpus",)
    assert {one.name: one.verdict for one in report.bisected} == {
        "none": "identical", "cpus": "different", "kernel": "identical", "umask": "identical",
    }  # fmt: skip
    assert "guilty: cpus" in text(report)
    assert b'"guilty": [' in rebuilding.write(report)


def test_chance_is_blamed_on_no_condition() -> None:
    report = Builder(chance=True).run(bisect=True)
    assert report.guilty == ()
    assert "it differs by itself" in text(report)


def test_the_worst_verdict_counts_and_none_at_all_is_unknown() -> None:
    assert worst(["identical", "equivalent", "same-content"]) == "equivalent"
    assert worst(["unknown", "different"]) == "different"
    assert worst(["unknown", "identical"]) == "unknown"
    assert worst([]) == "unknown"


def test_this_machine_changes_what_it_says_and_changes_it_back() -> None:
    machine = Machine(DEFAULT_LIMITS)
    plan = {one.name: one for one in machine.plan(("uid", "cpus", "order", "clock", "kernel", "umask"))}
    assert sorted(plan) == list(plan) == ["clock", "cpus", "kernel", "order", "uid", "umask"]
    assert plan["clock"].state == ("varied" if faketime.find() else "not varied")
    assert all(one.why for one in plan.values() if one.state == "not varied")
    varied = frozenset(name for name, one in plan.items() if one.state == "varied")
    before = (os.sched_getaffinity(0), os.uname().release)
    with machine.under(varied) as conditions:
        if "cpus" in varied:
            assert conditions.cpus_count == len(os.sched_getaffinity(0)) == 1
        if "kernel" in varied:
            assert conditions.kernel == os.uname().release == plan["kernel"].after != before[1]
        mask = os.umask(0)
        os.umask(mask)
        assert mask == OTHER_UMASK
    assert (os.sched_getaffinity(0), os.uname().release) == before


def test_it_is_changed_back_after_a_failure_too() -> None:
    before = (os.sched_getaffinity(0), os.uname().release, os.umask(0o022))
    with pytest.raises(ZeroDivisionError), Machine(DEFAULT_LIMITS).under(frozenset({"cpus", "kernel", "umask"})):
        raise ZeroDivisionError
    assert (os.sched_getaffinity(0), os.uname().release) == before[:2]
    assert os.umask(before[2]) == 0o022


def test_folders_filled_backwards_hold_the_same(tmp_path) -> None:
    spool, owner = FileSpool(), Owner("source", "x")
    names = [f"d/f{number}".encode() for number in range(8)]
    items = [OwnedEntry(TreeEntry(path=b"d", kind="directory", mode=0o755), owner)]
    items += [OwnedEntry(TreeEntry(path=name, size=1), owner, spool.add((b"x",))) for name in names]
    items.append(OwnedEntry(TreeEntry(path=b"d/hard", kind="hardlink", link=b"d/f0"), owner))
    items.append(OwnedEntry(TreeEntry(path=b"d/soft", kind="symlink", link=b"f0"), owner))
    seen = []
    mask = os.umask(0o077)
    try:
        for chosen in (frozenset(), frozenset({"order"})):
            with Machine(DEFAULT_LIMITS).workshop(chosen).lay(items, spool.read, epoch=5) as place:
                found = {
                    entry: os.lstat(os.path.join(place, "d", entry)) for entry in os.listdir(os.path.join(place, "d"))
                }
                seen.append({name: (facts.st_mode, facts.st_mtime, facts.st_nlink) for name, facts in found.items()})
                assert os.stat(place).st_mode & 0o777 == 0o755, "whatever the umask"
    finally:
        os.umask(mask)
        spool.close()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 10


@pytest.mark.skipif(shutil.which("bwrap") is None or os.geteuid() != 0, reason="needs bubblewrap and root")
def test_the_sandbox_runs_as_another_user_of_the_host() -> None:
    plan = {one.name: one for one in Machine(DEFAULT_LIMITS).plan(("uid",))}
    assert (plan["uid"].state, plan["uid"].after) == ("varied", "65533")


def test_each_platform_is_told_beside_the_worst_of_all() -> None:
    def one(verdict: str, name: str) -> Comparison:
        return Comparison(before=Subject(name=name), after=SUBJECT, verdict=verdict)  # type: ignore[arg-type]

    rounds = [
        {"linux/arm64": one("same-content", "arm"), "linux/amd64": one("identical", "amd")},
        {"linux/arm64": one("identical", "arm"), "linux/amd64": one("identical", "amd")},
    ]
    left = iter(rounds)
    report = rebuild(
        Run(source=None), lambda _: Run(source=None), lambda *_: together(next(left)), VARIED, times=2
    )  # fmt: skip
    assert report.verdict == "same-content"
    assert report.comparisons[0].before.name == "arm", "the comparison told is the worst one's"
    assert report.platforms == {"linux/amd64": "identical", "linux/arm64": "same-content"}
    assert "  linux/arm64: same-content\n" in text(report)
    assert b'"linux/arm64": "same-content"' in rebuilding.write(report)
    assert together({"": one("identical", "only")}).platforms == {}
