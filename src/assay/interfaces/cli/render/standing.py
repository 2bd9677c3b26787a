"""Lines for every report: how many packages were asked for, how many came with the base, how old the advisories are."""

from assay.interfaces.cli.render.text import safe
from assay.model.inventory import BaseImage
from assay.model.report import Origins, Shares, Sources


def share_line(shares: Shares | None) -> str:
    """`12 direct, 30 transitive, 40 of unknown standing (no record of requests: deb, maven)`; empty without counts."""
    if shares is None or not (shares.direct or shares.transitive or shares.unknown):
        return ""
    why = []
    if shares.unrecorded:
        why.append(
            f"no record of requests: {', '.join(safe(one) or 'unidentified packages' for one in shares.unrecorded)}"
        )
    if shares.unreached_count:
        why.append(f"{shares.unreached_count} that no recorded request leads to")
    because = f" ({'; '.join(why)})" if why else ""
    return f"{shares.direct} direct, {shares.transitive} transitive, {shares.unknown} of unknown standing{because}"


def base_line(base: BaseImage | None, layers_count: int, origins: Origins | None) -> str:
    """`base debian:12, 1 of 8 layers (certain: …): 300 packages from the base, …`; empty where nobody looked."""
    if base is None or not layers_count:
        return ""
    name = f" {safe(base.name or base.digest)}" if base.name or base.digest else ""
    if base.layers_count is None:
        return f"Base{name}: layers unknown ({safe(base.reason)})"
    counts = ""
    if origins is not None:
        counts = f": {origins.base} packages from it, {origins.application} from the layers above"
        counts += f", {origins.unknown} unknown" if origins.unknown else ""
    return f"Base{name}: {base.layers_count} of {layers_count} layers ({base.confidence}: {safe(base.reason)}){counts}"


def sources_line(sources: Sources) -> str:
    """`Advisories: 23 feeds, newest 2026-11-22 (1 day), oldest hackage 2024-05-01 (935 days)`."""
    feeds = f"{len(sources.feeds)} feed{'s' * (len(sources.feeds) != 1)}"
    line = f"Advisories: {feeds}, newest {safe(sources.built)}"
    aged = sorted((feed.age_days, feed.name, feed.date) for feed in sources.feeds if feed.age_days is not None)
    if not aged:
        return line
    days, name, date = aged[-1]
    line = f"Advisories: {feeds}, newest {safe(aged[0][2][:10])} ({_days(aged[0][0])})"
    return line + (f", oldest {safe(name)} {safe(date[:10])} ({_days(days)})" if len(aged) > 1 else "")


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"
