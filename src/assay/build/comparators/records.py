"""What an installer writes about an installation: it differs because something else does, or because of where it ran.

Python's RECORD lists digests of the other files, `direct_url.json` the folder it was installed from.
"""

from collections.abc import Iterator

from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause

_NAMES = frozenset({"RECORD", "direct_url.json", "INSTALLER", "REQUESTED", ".package-lock.json", "SOURCES.txt"})


def _record(pair: Pair, at: Looking) -> Iterator[Cause]:
    place = "/".join((pair.path, *pair.inner))
    if not any(mark in place for mark in (".dist-info/", ".egg-info/", "node_modules/")):
        raise bad("record", "it lies in no folder of an installation")
    old, new = pair.before.splitlines(), pair.after.splitlines()
    gone, come = set(old) - set(new), set(new) - set(old)
    if not gone and not come:
        yield cause(pair, "line-order", by="records")
        return
    yield cause(
        pair, "installer-record", min(gone, default=b""), min(come, default=b""), by="records",
        detail=f"{len(gone)} lines of A, {len(come)} of B",
    )  # fmt: skip


ROW = Comparator(name="records", fits=lambda name, data: name in _NAMES and b"\0" not in data[:8192], compare=_record)
