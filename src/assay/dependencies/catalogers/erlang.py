"""Erlang and Elixir: applications that lie compiled in a release or a library folder, `ebin/NAME.app`.

Erlang/OTP documentation, "app": one term `{application, NAME, [{vsn, "…"}, {applications, […]}, …]}.`, read as text and
never run. What belongs to OTP or to Elixir itself is no package of Hex and gets the purl type `otp`; for the rest the
file does not say where it came from, and Hex is where applications come from: `strong`.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import malformed
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_OTP_NAMES = """
asn1 common_test compiler cosEvent cosEventDomain cosFileTransfer cosNotification cosProperty cosTime cosTransactions
crypto debugger dialyzer diameter edoc eldap erl_docgen erl_interface erts et eunit ftp gs hipe ic inets jinterface
kernel megaco mnesia observer odbc orber os_mon otp_mibs parsetools percept public_key reltool runtime_tools sasl snmp
ssh ssl stdlib syntax_tools test_server tftp tools typer webtool wx xmerl
eex elixir ex_unit iex logger mix
"""
_OTP = frozenset(_OTP_NAMES.split())
"""OTP's applications, the old ones too, then those of Elixir."""
# A text or a quoted atom that nobody closed goes on to the end: no place is looked at twice.
_TOKEN = lazy(
    r"""%[^\n]*+|"((?:[^"\\]|\\.)*+)"?|'((?:[^'\\]|\\.)*+)'?|([a-z][A-Za-z0-9_@]*+)|([{}\[\],])|[A-Za-z0-9_]++""",
    re.DOTALL,
)
_NAME = lazy(r"[A-Za-z][A-Za-z0-9_.-]{0,200}", re.ASCII)
_VERSION = lazy(r"v?[0-9][0-9A-Za-z.+~_-]{0,200}", re.ASCII)
_NEEDS = {"applications": "", "included_applications": "", "optional_applications": "optional"}
_ENTRY_DEPTH = 3
"""`{application, name, [{key, value}]}`: how many brackets stand open inside an entry."""
_LICENCE = Licence(reason="an application resource file records no licence")


def catalogue(file: File) -> Fragment:
    """One application resource file.

    Returns:
        The application; a gap where its version is only computed, as files that were not yet built have it.

    Raises:
        MalformedError: no application's term, or a name that is none.
    """
    text = file.data().decode("utf-8", "replace")
    head, entries = _read(text)
    if head[:3] != ["{", "application", ","] or len(head) < 4 or not _NAME.fullmatch(head[3]):
        raise malformed(file, "application resource file", "it does not begin with {application, NAME, …")
    name, version = head[3], next(iter(entries.get("vsn", ())), "")
    if not _VERSION.fullmatch(version):
        reason = "an application without a version that can be read"
        return Fragment(gaps=(Gap("unreadable", file.path, None, reason, "erlang"),))
    otp = name in _OTP
    needs = {need: scope for key, scope in _NEEDS.items() for need in entries.get(key, ()) if _NAME.fullmatch(need)}
    return Fragment(
        packages=(
            Package(
                ecosystem="otp" if otp else "hex",
                name=name,
                version=version,
                licence=_LICENCE,
                confidence="certain" if otp else "strong",
                depends=tuple(sorted(need for need, scope in needs.items() if not scope)),
                scope="runtime",
                scoped=tuple(sorted((need, scope) for need, scope in needs.items() if scope)),
            ),
        )
    )


def _read(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """The first tokens, and the words of each entry by its key."""
    head: list[str] = []
    entries: dict[str, list[str]] = {}
    depth, key, fresh = 0, "", False
    for word, mark in _tokens(text):
        if len(head) < 4:
            head.append(word)
        depth += mark
        if mark > 0 and depth == _ENTRY_DEPTH:
            key, fresh = "", True
        elif fresh and not mark:
            key, fresh = word, False
        elif key and not mark and word != "," and depth >= _ENTRY_DEPTH:
            entries.setdefault(key, []).append(word)
    return head, entries


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Each word or bracket, and by how much it changes the depth."""
    for match in _TOKEN.finditer(text):
        quoted, atom, plain, bracket = match.groups()
        if bracket:
            yield bracket, (bracket in "{[") - (bracket in "}]")
        elif (word := next((value for value in (plain, atom, quoted) if value is not None), None)) is not None:
            yield word, 0


CATALOGUER = Cataloguer(
    name="erlang",
    version=1,
    ecosystem="hex",
    wants=Wanted(suffixes=frozenset([".app"]), folders=frozenset(["ebin"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
