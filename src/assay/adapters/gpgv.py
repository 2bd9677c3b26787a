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
        _check_form(data, where)
        with tempfile.TemporaryDirectory() as folder:
            text, signed = Path(folder, "text"), Path(folder, "signed")
            signed.write_bytes(data)
            good = _judged(folder, ["--output", str(text), str(signed)], keyring, where)
            return SignedText(text=text.read_bytes(), fingerprints=good)

    def verify_detached(self, data: bytes, signature: bytes, keyring: bytes, *, where: str) -> tuple[str, ...]:
        """Who signed, by a signature beside the data."""
        if not signature.lstrip().startswith(b"-----BEGIN PGP SIGNATURE-----"):
            raise UntrustedError(
                "no OpenPGP signature", where=where, why="it is unsigned, or signed in another way",
                remedy="sign the tag with a key of the keyring, or leave `signed-by` out",
            )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            signed, beside = Path(folder, "data"), Path(folder, "signature")
            signed.write_bytes(data)
            beside.write_bytes(signature)
            return _judged(folder, [str(beside), str(signed)], keyring, where)


def _judged(folder: str, words: list[str], keyring: bytes, where: str) -> tuple[str, ...]:
    """Run gpgv; the fingerprints of good signatures, or why there are none."""
    program = shutil.which("gpgv")
    if program is None:
        raise UnavailableError(
            "gpgv not found", where=where, why="signatures cannot be checked without it",
            remedy="apt-get install gpgv",
        )  # fmt: skip
    keys = Path(folder, "keys.gpg")
    keys.write_bytes(_binary(keyring, where))
    line = [program, "--status-fd", "1", "--keyring", str(keys), "--homedir", folder, *words]
    try:
        done = subprocess.run(  # noqa: S603
            line,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError("gpgv does not run", where=where, why=str(error)) from error
    refused = _REFUSED.search(done.stdout)
    good = tuple(sorted(set(_VALID.findall(done.stdout))))
    if refused is not None or not good:
        raise UntrustedError(
            "no good signature by a trusted key", where=where,
            why=refused[1] if refused else _why(done.stdout, done.stderr),
            remedy="give the keyring that its owner publishes, or ask another place",
        )  # fmt: skip
    return good


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
