"""Documents as distributions publish them, written for tests: Debian's tracker, Alpine's secdb, CSAF VEX."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping


def tracker(**releases: Mapping[str, object]) -> bytes:
    """Debian's tracker with one package `curl` and one id; bookworm unless given."""
    entry = {"scope": "local", "debianbug": 1, "description": "A flaw in\n curl", "releases": releases}
    return json.dumps({"curl": {"CVE-2024-1111": entry}}).encode()


def resolved(version: str, urgency: str = "medium") -> dict[str, object]:
    """A release in which it is fixed."""
    return {"status": "resolved", "repositories": {"bookworm": version}, "fixed_version": version, "urgency": urgency}


def unresolved(urgency: str = "not yet assigned", **more: object) -> dict[str, object]:
    """A release in which it is open."""
    return {"status": "open", "repositories": {"bookworm": "7.88.1-10"}, "urgency": urgency} | more


def secdb(release: str, **packages: Mapping[str, Iterable[str]]) -> bytes:
    """Alpine's database of one repository: package to version to ids."""
    listed = [
        {"pkg": {"name": name.replace("_", "-"), "secfixes": {version: list(ids) for version, ids in fixes.items()}}}
        for name, fixes in packages.items()
    ]
    head = {
        "apkurl": "{{urlprefix}}/{{pkg.name}}.apk",
        "archs": ["x86_64"],
        "reponame": "main",
        "urlprefix": "https://a.example",
    }
    return json.dumps(head | {"distroversion": release, "packages": listed}).encode()


APPSTREAM = "cpe:/a:redhat:enterprise_linux:9::appstream"
NINE = "cpe:/o:redhat:enterprise_linux:9"


def product(identifier: str, category: str = "product_version", **helper: str) -> dict[str, object]:
    """A branch that holds one product."""
    named = {"name": identifier, "product_id": identifier, "product_identification_helper": helper}
    return {"category": category, "name": identifier, "product": named}


def component(product_id: str, platform: str) -> dict[str, object]:
    """`platform:product` as a relationship."""
    return {
        "category": "default_component_of", "product_reference": product_id, "relates_to_product_reference": platform,
        "full_product_name": {"name": f"{product_id} as a component of {platform}", "product_id": f"{platform}:{product_id}"},
    }  # fmt: skip


def csaf(
    cve: str,
    status: Mapping[str, Iterable[str]],
    branches: Iterable[object],
    relationships: Iterable[object],
    remediations: Iterable[object] = (),
    **more: object,
) -> dict[str, object]:
    """A CSAF VEX document about one CVE."""
    tracking = {
        "id": cve,
        "current_release_date": "2024-09-16T20:59:13+00:00",
        "initial_release_date": "2024-08-08T00:00:00+00:00",
    }
    return {
        "document": {"category": "csaf_vex", "csaf_version": "2.0", "title": "a flaw", "tracking": tracking,
                     "aggregate_severity": {"text": "important"}},
        "product_tree": {"branches": [{"category": "vendor", "name": "Vendor", "branches": list(branches)}],
                         "relationships": list(relationships)},
        "vulnerabilities": [{"cve": cve, "product_status": {k: list(v) for k, v in status.items()},
                             "remediations": list(remediations)} | more],
    }  # fmt: skip


def redhat(cve: str = "CVE-2024-7348") -> dict[str, object]:
    """Fixed in AppStream of 9 and in a module stream, open in 9's own sources, spared elsewhere."""
    rpm = "curl-0:7.76.1-29.el9_4.1.x86_64"
    source = "curl-0:7.76.1-29.el9_4.1.src"
    module, modular = "postgresql:12:8100020240814102525:489197e6", "postgresql-server-2:12.20-1.module+el8.10.0.x86_64"
    eight = "AppStream-8.10"
    inner = component(module, eight)
    return csaf(
        cve,
        {
            "fixed": [f"AppStream-9.4:{rpm}", f"AppStream-9.4:{source}", f"{eight}:{module}:{modular}"],
            "known_affected": ["red_hat_9:wget", "red_hat_9:bash", "red_hat_9:rhel9/container"],
            "known_not_affected": ["red_hat_9:zlib", "red_hat_9:bash"],
            "under_investigation": ["red_hat_9:tar"],
        },
        [
            product("AppStream-9.4", "product_name", cpe=APPSTREAM),
            product(eight, "product_name", cpe="cpe:/a:redhat:enterprise_linux:8::appstream"),
            product("red_hat_9", "product_name", cpe=NINE),
            product(rpm, purl="pkg:rpm/redhat/curl@7.76.1-29.el9_4.1?arch=x86_64"),
            product(source, purl="pkg:rpm/redhat/curl@7.76.1-29.el9_4.1?arch=src"),
            product(module, purl=f"pkg:rpmmod/redhat/{module.replace(':', '@', 1)}"),
            product(modular, purl="pkg:rpm/redhat/postgresql-server@12.20-1.module%2Bel8.10.0?arch=x86_64"),
            *(product(name, purl=f"pkg:rpm/redhat/{name}?arch=src") for name in ("wget", "bash", "zlib", "tar")),
            product("rhel9/container", purl="pkg:oci/container?tag=1"),
        ],
        [
            component(rpm, "AppStream-9.4"), component(source, "AppStream-9.4"), inner,
            component(modular, f"{eight}:{module}"),
            *(component(name, "red_hat_9") for name in ("wget", "bash", "zlib", "tar", "rhel9/container")),
        ],
        [
            {"category": "no_fix_planned", "details": "Will not fix", "product_ids": ["red_hat_9:wget"]},
            {"category": "none_available", "details": "Affected", "product_ids": ["red_hat_9:wget", "red_hat_9:bash"]},
        ],
        scores=[{"cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, "products": []}],
        threats=[{"category": "impact", "details": "Moderate"}],
    )  # fmt: skip


def suse(cve: str = "CVE-2024-7348") -> dict[str, object]:
    """Fixed by the recommended version in Basesystem, affected in Leap."""
    base, leap = "SUSE Linux Enterprise Module for Basesystem 15 SP5", "openSUSE Leap 15.5"
    return csaf(
        cve,
        {"recommended": [f"{base}:curl-8.0.1-150400.5.41.1.x86_64"], "known_affected": [f"{leap}:java-1_8_0-openjdk"]},
        [
            product(base, "product_name", cpe="cpe:/o:suse:sle-module-basesystem:15:sp5"),
            product(leap, "product_name", cpe="cpe:/o:opensuse:leap:15.5"),
            product("curl-8.0.1-150400.5.41.1.x86_64"),
            product("java-1_8_0-openjdk"),
        ],
        [component("curl-8.0.1-150400.5.41.1.x86_64", base), component("java-1_8_0-openjdk", leap)],
    )
