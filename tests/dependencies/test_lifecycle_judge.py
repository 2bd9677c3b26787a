"""End of life of a distribution, at a time that is handed in."""

import pytest

from assay.dependencies.lifecycle import judge
from assay.model.inventory import Distro
from assay.model.lifecycle import Product, Release
from fakes.advisories import MemoryStore

DEBIAN = Product(
    name="debian",
    releases=(
        Release(cycle="13", codename="Trixie", ends="2028-08-09"),
        Release(cycle="12", codename="Bookworm", ends="2026-07-11", extended_until="2028-06-30"),
        Release(cycle="1", ends="1998-01-01"),
    ),
)
ALPINE = Product(
    name="alpine-linux",
    releases=(Release(cycle="3.20", ends="no"), Release(cycle="3.2", ends="yes"), Release(cycle="3.1", ends="")),
)
STORE = MemoryStore(products=[DEBIAN, ALPINE])


@pytest.mark.parametrize(
    ("distro", "now", "expected"),
    [
        (Distro(id="debian", version_id="12"), "2026-07-10T12:00:00Z", ("debian", "12", "supported", "2026-07-11")),
        (Distro(id="debian", version_id="12"), "2026-07-11T23:59:59Z", ("debian", "12", "supported", "2026-07-11")),
        (Distro(id="debian", version_id="12"), "2026-07-12T00:00:00Z", ("debian", "12", "ended", "2026-07-11")),
        (Distro(id="debian", version_id="12.5"), "2026-01-01", ("debian", "12", "supported", "2026-07-11")),
        (Distro(id="debian", codename="trixie"), "2026-01-01", ("debian", "13", "supported", "2028-08-09")),
        (Distro(id="debian", version_id="14"), "2026-01-01", ("debian", "14", "unknown", "")),
        (Distro(id="debian", version_id="12"), "whenever", ("debian", "12", "unknown", "2026-07-11")),
        (Distro(id="alpine", version_id="3.20.1"), "2026-01-01", ("alpine-linux", "3.20", "supported", "")),
        (Distro(id="alpine", version_id="3.2.9"), "2026-01-01", ("alpine-linux", "3.2", "ended", "")),
        (Distro(id="alpine", version_id="3.1.9"), "2026-01-01", ("alpine-linux", "3.1", "unknown", "")),
        (Distro(id="gentoo", version_id="2.14"), "2026-01-01", ("gentoo", "2.14", "unknown", "")),
    ],
)
def test_states(distro: Distro, now: str, expected: tuple[str, str, str, str]) -> None:
    found = judge(distro, STORE, now)
    assert found is not None
    assert (found.product, found.cycle, found.state, found.date) == expected


def test_no_distribution_has_no_lifecycle() -> None:
    assert judge(None, STORE, "2026-01-01") is None
