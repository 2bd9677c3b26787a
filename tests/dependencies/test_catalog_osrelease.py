"""os-release(5)."""

import pytest

from assay.model.inventory import Distro
from osfiles import BOOKWORM, read


@pytest.mark.parametrize("path", ["etc/os-release", "usr/lib/os-release"])
def test_the_distribution_is_read(path: str) -> None:
    distro = Distro(id="debian", version_id="12", codename="bookworm", name="Debian GNU/Linux 12 (bookworm)")
    assert read(path, BOOKWORM).distro == distro


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("VERSION_ID=3.18.0", "3.18.0"),
        ('VERSION_ID="3.18"', "3.18"),
        ("VERSION_ID='3.18'", "3.18"),
        (r'VERSION_ID="a\"b\$c\\d"', 'a"b$c\\d'),
        (r"VERSION_ID='a\b'", r"a\b"),
        ("  VERSION_ID=1  ", "1"),
        ("#VERSION_ID=1", ""),
        ("VERSION_ID=", ""),
        ('VERSION_ID="', '"'),
    ],
)
def test_values_are_unquoted(line: str, value: str) -> None:
    found = read("etc/os-release", f"ID=x\n{line}\n").distro
    assert found is not None
    assert found.version_id == value


def test_related_distributions_are_listed() -> None:
    found = read("etc/os-release", 'ID="rhel"\nID_LIKE="fedora CentOS"\n').distro
    assert found is not None
    assert found.id_like == ("fedora", "centos")


def test_nothing_said_is_nothing_known() -> None:
    assert read("etc/os-release", "").distro is None
    assert read("etc/os-release", "# only a comment\n").distro is None
    assert [gap.kind for gap in read("etc/os-release", "garbage\n").gaps] == ["unreadable"]
