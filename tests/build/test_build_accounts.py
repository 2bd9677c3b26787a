"""passwd and group of an image: a base, what the spec adds, and the numbers the image runs as."""

import pytest

from assay.build.accounts import files, run_as
from assay.build.spec import Accounts, Group, User
from assay.model.errors import MalformedError

APP = User(name="app", uid=65532, home="/home/app")


def test_users_and_groups_come_after_the_base():
    passwd, group = files(
        Accounts(users=(APP, User(name="b", uid=7, gid=9)), groups=(Group(name="g", gid=9, members=("app", "b")),))
    )
    assert passwd == (
        b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
        b"app:x:65532:65532::/home/app:/usr/sbin/nologin\nb:x:7:9::/nonexistent:/usr/sbin/nologin\n"
    )
    assert group == b"root:x:0:\ng:x:9:app,b\napp:x:65532:\n"


@pytest.mark.parametrize(
    ("run", "want"),
    [("root", "0:0"), ("app", "65532:65532"), ("b", "7:9"), ("app:g", "65532:9"), ("1234", "1234"), ("7", "7:9"), ("1:2", "1:2")],
)  # fmt: skip
def test_the_config_names_numbers(run, want):
    accounts = Accounts(run_as=run, users=(APP, User(name="b", uid=7, gid=9)), groups=(Group(name="g", gid=9),))
    assert run_as(accounts) == want


def test_a_base_of_a_package_is_kept_and_known():
    base = b"root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
    groups = b"root:x:0:\nwww-data:x:33:\n"
    assert run_as(Accounts(run_as="www-data"), passwd=base, group=groups) == "33:33"
    assert files(Accounts(), passwd=base, group=groups) == (base, groups)


@pytest.mark.parametrize("user", [User(name="root", uid=5), User(name="x", uid=0)])
def test_a_name_or_number_of_the_base_is_refused(user):
    with pytest.raises(MalformedError, match="already"):
        files(Accounts(users=(user,)))


@pytest.mark.parametrize("run", ["nobody", "root:staff"])
def test_a_name_nobody_has_is_refused(run):
    with pytest.raises(MalformedError, match="nobody has this name"):
        run_as(Accounts(run_as=run))
