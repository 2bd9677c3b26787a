"""Which services of a signing config to sign with (protobuf-specs, sigstore_trustroot.proto, SigningConfig).

Of each operator the service of the highest API version this program speaks, inside its window, the newest start first;
then as many operators as the selector says. A log of version 2 tells no time, so without a timestamp authority nothing
is signed with one.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from assay.formats.signingconfig import Selection, Service, SigningConfig
from assay.formats.trustroot import instant
from assay.model.errors import UnavailableError, UnsupportedError

AUTHORITY_VERSIONS, LOG_VERSIONS, TIMESTAMP_VERSIONS = (1,), (1, 2), (1,)
"""Major API versions this program speaks."""
_TIMELESS = 2
"""From this version on a log tells no time."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The services to sign with."""

    authority: Service
    log: Service
    timestamps: tuple[Service, ...] = ()


def choose(config: SigningConfig, now: str) -> Chosen:
    """Choose among the services of a signing config.

    Args:
        config: as read.
        now: RFC 3339 UTC.

    Raises:
        UnavailableError: no service of a kind is usable now.
        UnsupportedError: the config demands more logs than a bundle can carry, more operators than it names, or a log
            that tells no time without a timestamp authority.
    """
    authorities = _select(config.authorities, AUTHORITY_VERSIONS, Selection("ANY"), now, "certificate authority")
    logs = _select(config.logs, LOG_VERSIONS, config.log_selection, now, "transparency log")
    times = _select(config.timestamps, TIMESTAMP_VERSIONS, config.timestamp_selection, now, "timestamp authority")
    for found, what in ((authorities, "certificate authority"), (logs, "transparency log")):
        if not found:
            raise UnavailableError(
                f"no {what} to sign with",
                where="signing config",
                why="none is named that is inside its window and of a version this program speaks",
                remedy="get a newer signing config: assay trust update",
            )
    if len(logs) > 1:
        raise UnsupportedError(
            "the signing config demands several logs",
            why=f"{len(logs)} operators; a bundle carries one entry",
            remedy="use a config whose log selector is ANY",
        )
    if logs[0].major_api_version >= _TIMELESS and not times:
        raise UnsupportedError(
            "nothing would tell when this was signed",
            where=logs[0].url,
            why=f"logs of version {logs[0].major_api_version} tell no time and the config names no timestamp authority",
            remedy="add a timestamp authority to the signing config",
        )
    return Chosen(authority=authorities[0], log=logs[0], timestamps=times)


def _select(
    services: Sequence[Service], versions: Sequence[int], selection: Selection, now: str, what: str
) -> tuple[Service, ...]:
    """The best service of each operator, cut to what the selector says; operators in the config's order."""
    best: dict[str, Service] = {}
    for service in services:
        if service.major_api_version in versions and service.valid_for.holds(instant(now)):
            known = best.get(service.operator)
            if known is None or _rank(service) > _rank(known):
                best[service.operator] = service
    found = tuple(best.values())
    if selection.selector == "EXACT" and len(found) < selection.count:
        raise UnsupportedError(
            f"too few operators of a {what}",
            where="signing config",
            why=f"{selection.count} are demanded, {len(found)} usable now",
            remedy="get a newer signing config",
        )
    return found[: {"ANY": 1, "EXACT": selection.count}.get(selection.selector, len(found))]


def _rank(service: Service) -> tuple[int, datetime]:
    return service.major_api_version, instant(service.valid_for.start)
