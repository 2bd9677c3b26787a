"""Private keys that never leave a KMS, an HSM or a vault, reached through securesystemslib (extra `kms`).

A key is named by a URI: `awskms:KEY`, `gcpkms:projects/…/cryptoKeyVersions/N`, `azurekms://VAULT.vault.azure.net/keys/
NAME/VERSION`, `hsm:NUMBER?label=TOKEN` (PKCS#11), `hv:KEY` (HashiCorp Vault). Its public half is asked once, at the
start; every signature is checked with it before it is given out.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from assay.model.errors import AssayError, UnavailableError, UnsupportedError, UsageError

_INSTALL = "pip install 'assay[kms]'"


class KmsSigner:
    """A `Signer` over a key in a KMS or an HSM."""

    def __init__(self, uri: str, pin: Callable[[], bytes] | None = None) -> None:
        """Find the key and its public half.

        Args:
            uri: as the module says.
            pin: asked only by an HSM.

        Raises:
            UsageError: not such a URI.
            UnavailableError: the extra or the service's library is not installed, or the service does not answer.
            UnsupportedError: a key this program does not sign with (RSA must be PKCS#1 v1.5 with SHA-256).
        """
        library = _library()
        scheme = urlsplit(uri).scheme
        if scheme not in _IMPORTS or scheme not in library.SIGNER_FOR_URI_SCHEME:
            raise UsageError(
                "not a key in a KMS", why=uri[:100], remedy=f"write {', '.join(f'{s}:…' for s in _IMPORTS)}"
            )
        handler = (lambda _: pin().decode()) if pin is not None else None
        self._where = uri
        self._public: Any = None
        made, public = self._asked(lambda: _IMPORTS[scheme](library, uri, handler))
        self._signer = self._asked(lambda: library.Signer.from_priv_key_uri(made, public, handler))
        self._public = public
        self._spki = _spki(public, uri)

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._spki

    def sign(self, data: bytes) -> bytes:
        """Signature over `data` by the key's own scheme, checked before it is given out.

        Raises:
            UnavailableError: the service does not answer, or with a signature that does not verify.
        """

        def signed() -> bytes:
            signature = self._signer.sign(data)
            self._public.verify_signature(signature, data)
            return bytes.fromhex(signature.signature)

        signature: bytes = self._asked(signed)
        return signature

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What the library answers; whatever it raises (each service has its own errors) is "could not tell"."""
        try:
            return ask()
        except AssayError:
            raise
        except Exception as error:
            from securesystemslib.exceptions import UnsupportedLibraryError

            missing = isinstance(error, UnsupportedLibraryError)
            raise UnavailableError(
                "cannot use the key in the KMS",
                where=self._where,
                why=f"{type(error).__name__}: {str(error)[:300]}",
                remedy=f"install the service's library: {error}" if missing else "check the address and your rights",
            ) from error


def is_kms(name: str) -> bool:
    """Whether a key's name is such a URI and no path."""
    return urlsplit(name).scheme in _IMPORTS


def _hsm(library: Any, uri: str, handler: Any) -> Any:
    parts = urlsplit(uri)
    if parts.path and not parts.path.isdigit():
        raise UsageError("not a key in an HSM", why=uri[:100], remedy="write hsm:NUMBER?label=TOKEN")
    number = int(parts.path) if parts.path else None
    return library.HSMSigner.import_(number, dict(parse_qsl(parts.query)).get("label"), handler)


def _azure(library: Any, uri: str, _: Any) -> Any:
    parts = urlsplit(uri)
    names = [part for part in parts.path.split("/") if part]
    if len(names) < 2 or not parts.hostname:
        raise UsageError(
            "not a key in Azure", why=uri[:100], remedy="write azurekms://VAULT.vault.azure.net/keys/NAME/VERSION"
        )
    return library.AzureSigner.import_(parts.hostname.partition(".")[0], names[1])


_IMPORTS: dict[str, Callable[[Any, str, Any], Any]] = {
    "awskms": lambda library, uri, _: library.AWSSigner.import_(urlsplit(uri).path),
    "gcpkms": lambda library, uri, _: library.GCPSigner.import_(urlsplit(uri).path),
    "azurekms": _azure,
    "hsm": _hsm,
    "hv": lambda library, uri, _: library.VaultSigner.import_(urlsplit(uri).path),
}
"""How the public half and the library's own address of a key are asked for, by scheme."""

_SCHEMES = frozenset(
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ed25519", "rsa-pkcs1v15-sha256"}
)
"""Signature schemes that our verifier, and everybody's, reads."""


def _spki(public: Any, uri: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    if public.scheme not in _SCHEMES:
        raise UnsupportedError(
            "does not sign with this kind of key",
            where=uri,
            why=f"the key signs by {public.scheme}",
            remedy="use ECDSA, Ed25519, or RSA with PKCS#1 v1.5 and SHA-256",
        )
    if public.keytype == "ed25519":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key: Any = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.keyval["public"]))
    else:
        key = load_pem_public_key(public.keyval["public"].encode())
    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _library() -> Any:
    try:
        from securesystemslib import signer
    except ImportError as error:
        raise UnavailableError(
            "keys in a KMS need a library that is not installed", why=str(error), remedy=_INSTALL
        ) from error
    return signer
