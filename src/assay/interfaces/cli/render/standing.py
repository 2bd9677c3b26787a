"""Two lines for every report: how many packages were asked for, and how many came with the base image."""

from assay.interfaces.cli.render.text import safe
from assay.model.inventory import BaseImage
from assay.model.report import Origins, Shares


def share_line(shares: Shares | None) -> str:
    """`12 direct, 30 transitive, 40 of unknown standing (no record of requests: deb, maven)`; empty without counts."""
    if shares is None or not (shares.direct or shares.transitive or shares.unknown):
        return ""
    why = []
    if shares.unrecorded:
        why.append(f"no record of requests: {', '.join(map(safe, shares.unrecorded))}")
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
