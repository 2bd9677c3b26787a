"""The supplier comes from the distribution or the package's own metadata; a maintainer is not a supplier."""

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Sighting
from assay.dependencies.catalogers import apk, dpkg, osrelease, pypi
from assay.model.limits import DEFAULT_LIMITS

OS_RELEASE = ("etc/os-release", osrelease.ROW, b'ID=debian\nNAME="Debian GNU/Linux"\nPRETTY_NAME="Debian 12 (x)"\n')
DEB = b"Package: a\nStatus: install ok installed\nVersion: 1\nMaintainer: M <m@example.org>\nArchitecture: all\n"
STATUS = "var/lib/dpkg/status"


def supplier(*files: tuple[str, object, bytes]) -> str:
    sightings = [
        Sighting(
            cataloguer=row.name,  # type: ignore[attr-defined]
            path=path,
            layer=0,
            removed_by=None,
            fragment=row.catalogue(File(path, (data,), len(data), DEFAULT_LIMITS)),  # type: ignore[attr-defined]
        )
        for path, row, data in files
    ]
    (component,) = assemble(sightings, (), installed=True).components
    return component.supplier


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ([OS_RELEASE, (STATUS, dpkg.ROW, DEB)], "Debian GNU/Linux"),
        ([OS_RELEASE, (STATUS, dpkg.ROW, DEB + b"Origin: Elsewhere\n")], "Elsewhere"),
        ([(STATUS, dpkg.ROW, DEB)], ""),
        ([("etc/os-release", osrelease.ROW, b"ID=alpine\nNAME=Alpine Linux\n"),
          ("lib/apk/db/installed", apk.ROW, b"P:a\nV:1-r0\nA:x86_64\nm:M <m@example.org>\n\n")], "Alpine Linux"),
        ([OS_RELEASE, ("usr/lib/a-1.dist-info/METADATA", pypi.CATALOGUER,
          b"Metadata-Version: 2.1\nName: a\nVersion: 1\nAuthor: M\nMaintainer: N\n")], ""),
    ],
)  # fmt: skip
def test_the_supplier_of(files: list[tuple[str, object, bytes]], name: str) -> None:
    assert supplier(*files) == name
