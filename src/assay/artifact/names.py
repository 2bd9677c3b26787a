"""Names of layer entries: cleaned, or refused and reported."""

from assay.model.inventory import Gap, GapKind
from assay.model.limits import Limits

BY = "layer"
"""Who reports gaps of a layer."""
_ODD_STARTS = (b".", b"/")


def clean(name: bytes) -> bytes | None:
    """The path without leading `/`, `./`, doubled and trailing slashes; None if it climbs (`..`) or holds NUL.

    The root itself is b"".
    """
    if 0 in name:
        return None
    if name.startswith(b"./"):  # as most builders write every name
        name = name[2:]
    if name.find(b"/.") >= 0 or name.find(b"//") >= 0 or name.startswith(_ODD_STARTS):
        parts = [part for part in name.split(b"/") if part and part != b"."]
        return None if b".." in parts else b"/".join(parts)
    return name.rstrip(b"/") if name.endswith(b"/") else name


class Notes:
    """Gaps, one by one up to the limit, the rest counted."""

    def __init__(self, limits: Limits) -> None:
        self._gaps: list[Gap] = []
        self._limit, self._more = limits.gaps_count, 0

    def add(self, kind: GapKind, path: str, reason: str) -> None:
        """One more gap."""
        if len(self._gaps) < self._limit:
            self._gaps.append(Gap(kind, path, None, reason, BY))
        else:
            self._more += 1

    def bad_name(self, name: bytes, limits: Limits) -> None:
        """The gap for an entry whose name `clean` refused, or that is too long."""
        shown = name[:200].decode("utf-8", "surrogateescape").replace("\0", "\\0")
        if b"\0" in name:
            self.add("skipped", shown, "the entry's name contains NUL")
        elif len(name) > limits.path_bytes:
            self.add("limit", shown, f"the entry's name has {len(name)} bytes, limit {limits.path_bytes} (path_bytes)")
        else:
            self.add("skipped", shown, "the entry's name climbs out of its directory (..)")

    def finish(self) -> tuple[Gap, ...]:
        """Sorted and distinct; a last one counts what was over the limit."""
        if self._more:
            self._gaps.append(Gap("limit", "", None, f"{self._more} more gaps in this layer (gaps_count)", BY))
        return tuple(sorted(set(self._gaps), key=lambda gap: (gap.kind, gap.path, gap.reason)))
