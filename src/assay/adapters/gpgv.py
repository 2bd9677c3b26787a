"""Clear-signed texts by `gpgv`: only what it writes out is read, and its status lines decide, not its exit code.

gpgv exits 0 although foreign lines stand around the signed block, and exits 2 although a signature is good when an
unknown key has signed too; so both are judged here.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from assay.model.errors import MalformedError, UnavailableError, UntrustedError
from assay.ports.packages import SignedText

_SECONDS = 60
_BEGIN, _END = b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----"
_VALID = re.compile(r"^\[GNUPG:\] VALIDSIG [0-9A-F]{40} \S+ \S+ \S+ \S+ \S+ \S+ \S+ \S+ ([0-9A-F]{40})", re.MULTILINE)
_REFUSED = re.compile(r"^\[GNUPG:\] (BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG)\b", re.MULTILINE)


class Gpgv:
    """The `SignedTextVerifier` port."""

    def verify(self, data: bytes, keyring: bytes, *, where: str) -> SignedText:
        """The signed text and who signed it."""
        program = shutil.which("gpgv")
        if program is None:
            raise UnavailableError(
                "gpgv not found", where=where, why="the archive's signature cannot be checked without it",
                remedy="apt-get install gpgv",
            )  # fmt: skip
        _check_form(data, where)
        with tempfile.TemporaryDirectory() as folder:
            keys, signed, text = Path(folder, "keys.gpg"), Path(folder, "signed"), Path(folder, "text")
            keys.write_bytes(_binary(keyring, where))
            signed.write_bytes(data)
            words = [program, "--status-fd", "1", "--keyring", str(keys), "--homedir", folder]
            words += ["--output", str(text), str(signed)]
            try:
                done = subprocess.run(  # noqa: S603
                    words, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise UnavailableError("gpgv does not run", where=where, why=str(error)) from error
            refused = _REFUSED.search(done.stdout)
            good = sorted(set(_VALID.findall(done.stdout)))
            if refused is not None or not good:
                raise UntrustedError(
                    "no good signature by a trusted key", where=where,
                    why=refused[1] if refused else _why(done.stdout, done.stderr),
                    remedy="give the keyring that the archive's owner publishes, or ask another mirror",
                )  # fmt: skip
            return SignedText(text=text.read_bytes(), fingerprints=tuple(good))


def _check_form(data: bytes, where: str) -> None:
    """One signed block and nothing around it."""
    stripped = data.strip()
    if not stripped.startswith(_BEGIN) or not stripped.endswith(_END) or data.count(_BEGIN) != 1:
        raise MalformedError(
            "not one clear-signed text", where=where, why="text stands before, between or behind the signed block",
            remedy="ask another mirror",
        )  # fmt: skip


def _binary(keyring: bytes, where: str) -> bytes:
    """gpgv reads binary keyrings; an armoured one is taken out of its armour (RFC 9580 §6)."""
    import base64
    import binascii

    if not keyring.lstrip().startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"):
        return keyring
    found = []
    for block in keyring.split(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")[1:]:
        body = block.split(b"-----END PGP PUBLIC KEY BLOCK-----")[0].replace(b"\r\n", b"\n")
        lines = [line for line in body.partition(b"\n\n")[2].split(b"\n") if line and not line.startswith(b"=")]
        try:
            found.append(base64.b64decode(b"".join(lines), validate=True))
        except binascii.Error as error:
            raise MalformedError("not a keyring", where=where, why=str(error)) from error
    return b"".join(found)


def _why(status: str, error: str) -> str:
    missing = re.findall(r"^\[GNUPG:\] (?:NO_PUBKEY|ERRSIG) ([0-9A-F]{16,40})", status, re.MULTILINE)
    if missing:
        return f"signed by {', '.join(sorted(set(missing))[:5])}, which the keyring does not hold"
    lines = [line for line in error.splitlines() if line]
    return lines[-1][:200] if lines else "gpgv names no signature"
