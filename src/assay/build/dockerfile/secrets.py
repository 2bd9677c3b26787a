"""Secrets that a Dockerfile writes into an image's history: names and values that look like one."""

import re

_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|AUTH_?KEY)"
    r"(?:$|_(?!FILE$|PATH$|DIR$|URL$|NAME$|ID$|EXPIR))",
    re.ASCII,
)
_VALUES = (
    re.compile(r"AKIA[0-9A-Z]{16}", re.ASCII),
    re.compile(r"gh[pousr]_[A-Za-z0-9]{36}", re.ASCII),
    re.compile(r"github_pat_[A-Za-z0-9_]{40}", re.ASCII),
    re.compile(r"glpat-[A-Za-z0-9_-]{20}", re.ASCII),
    re.compile(r"xox[baprs]-[A-Za-z0-9-]{10}", re.ASCII),
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY", re.ASCII),
    re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@$]{1,200}:[^\s/@$]{3,200}@", re.ASCII),
    re.compile(r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,2000}\.", re.ASCII),
)
_COUNTED = re.compile(
    r"_(?:MIN|MAX|LEN|LENGTH|SIZE|COUNT|TTL|TIMEOUT|SECONDS|DAYS|AGE|LIFETIME|ALGORITHM|TYPE|ROUNDS)(?:$|_)", re.ASCII
)
"""A measure or a kind of secrets, not one."""
_FILES = re.compile(
    r"(?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.dockercfg|\.env(?:\.(?!"
    r"example$|sample$|template$|dist$)[A-Za-z0-9_-]{1,40})?|\.aws/credentials|\.docker/config\.json|\.kube/config|"
    r"[^/]{1,200}\.(?:p12|pfx|jks|keystore|kdbx))",
    re.ASCII,
)
_EMPTY = frozenset({"", "changeme", "null", "none", "false", "true", "0", "1"})


def is_secret_file(path: str) -> bool:
    """Whether a file is one that programs keep secrets in.

    >>> is_secret_file("deploy/id_rsa"), is_secret_file("id_rsa.pub"), is_secret_file(".env.example")
    (True, False, False)
    """
    return bool(_FILES.fullmatch(path))


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a secret with a value. A name alone, with nothing in it, is not one.

    >>> is_secret("DB_PASSWORD", "hunter2"), is_secret("DB_PASSWORD_FILE", "/run/x"), is_secret("TOKEN", "")
    (True, False, False)
    """
    if any(pattern.search(value) for pattern in _VALUES):
        return True
    if value.strip().isdecimal() and _COUNTED.search(name.upper()):
        return False
    return bool(_NAME.search(name.upper())) and value.strip().lower() not in _EMPTY and not value.startswith("$")
