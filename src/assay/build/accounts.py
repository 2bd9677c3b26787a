"""/etc/passwd and /etc/group of an image: a base, and what the spec adds. passwd(5), group(5)."""

from assay.build.spec import Accounts, Group, User
from assay.model.errors import MalformedError

ROOT_PASSWD = b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
ROOT_GROUP = b"root:x:0:\n"
"""The base where no package brings one."""


def files(accounts: Accounts, *, passwd: bytes = ROOT_PASSWD, group: bytes = ROOT_GROUP) -> tuple[bytes, bytes]:
    """The two files, with the spec's users and groups after those of the base.

    Raises:
        MalformedError: a name or number of the spec that the base has already.
    """
    users, groups = _table(passwd), _table(group)
    own_groups = [Group(name=user.name, gid=user.uid) for user in accounts.users if user.gid is None]
    for user in accounts.users:
        _free(users, user.name, user.uid, "user")
        passwd += b"%b:x:%d:%d::%b:%b\n" % (
            user.name.encode(), user.uid, gid_of(user), user.home.encode(), user.shell.encode()
        )  # fmt: skip
    for one in (*accounts.groups, *own_groups):
        _free(groups, one.name, one.gid, "group")
        group += b"%b:x:%d:%b\n" % (one.name.encode(), one.gid, ",".join(one.members).encode())
    return passwd, group


def gid_of(user: User) -> int:
    """The user's group: as written, else one of its own number."""
    return user.uid if user.gid is None else user.gid


def run_as(accounts: Accounts, *, passwd: bytes = ROOT_PASSWD, group: bytes = ROOT_GROUP) -> str:
    """`uid:gid` for the config, in numbers: a cluster can then see that it is not root (config.md, "User").

    Raises:
        MalformedError: a name nobody has.
    """
    users, groups = (_table(data) for data in files(accounts, passwd=passwd, group=group))
    user, _, owner = accounts.run_as.partition(":")
    uid = int(user) if user.isdecimal() else _number(users, user)
    if owner:
        return f"{uid}:{int(owner) if owner.isdecimal() else _number(groups, owner)}"
    line = next((fields for fields in users.values() if fields[2] == str(uid)), None)
    return f"{uid}:{line[3]}" if line is not None else f"{uid}"


def _table(data: bytes) -> dict[str, list[str]]:
    lines = (line.split(":") for line in data.decode("utf-8", "surrogateescape").split("\n"))
    return {fields[0]: fields for fields in lines if len(fields) > 3}


def _number(table: dict[str, list[str]], name: str) -> int:
    if name not in table:
        raise MalformedError("nobody has this name", where=name, remedy="add it under image.accounts")
    return int(table[name][2])


def _free(table: dict[str, list[str]], name: str, number: int, what: str) -> None:
    if name in table or any(fields[2] == str(number) for fields in table.values()):
        raise MalformedError(
            f"the base has this {what} already", where=f"{name} {number}", remedy="choose another name and number"
        )
