"""An OIDC issuer for tests: tokens by throw-away keys, and a server on loopback that tells the keys."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for all tests: making one costs more than most of them."""
    return rsa.generate_private_key(65537, bits)


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, size: int = 0) -> str:
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class TokenMaker:
    """Signs whatever claims it is given.

    Args:
        issuer: its `iss`.
        algorithm: `RS256`, `ES256` or `ES384`.
        key_id: its `kid`.
    """

    def __init__(self, issuer: str, algorithm: str = "ES256", key_id: str = "key-1") -> None:
        self.issuer, self.algorithm, self.key_id = issuer, algorithm, key_id
        makers = {
            "RS256": rsa_key,
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
        }
        self.key: Any = makers[algorithm]()

    def jwk(self) -> dict[str, str]:
        """The public key as a JWK."""
        numbers = self.key.public_key().public_numbers()
        named = {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == "RS256":
            return {**named, "kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        size, curve = (32, "P-256") if self.algorithm == "ES256" else (48, "P-384")
        return {**named, "kty": "EC", "crv": curve, "x": _number(numbers.x, size), "y": _number(numbers.y, size)}

    def jwks(self) -> bytes:
        """A set of this one key."""
        return json.dumps({"keys": [self.jwk()]}).encode()

    def token(self, claims: dict[str, Any], **header: Any) -> str:
        """A token over these claims, exactly; `header` adds to or replaces alg, kid and typ."""
        head = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT", **header}
        parts = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{parts}.{b64url(self.sign(parts.encode()))}"

    def sign(self, data: bytes) -> bytes:
        """The raw signature."""
        if self.algorithm == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        algorithm, size = (hashes.SHA256(), 32) if self.algorithm == "ES256" else (hashes.SHA384(), 48)
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(algorithm)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def email(self, now: int, address: str = "someone@example.org", **claims: Any) -> str:
        """A token of a person, for sigstore, five minutes long."""
        told = {"iss": self.issuer, "aud": "sigstore", "sub": "someone", "email": address, "email_verified": True}
        return self.token({**told, "iat": now, "exp": now + 300, **claims})


class IssuerServer:
    """What the loopback server says and how often it was asked; change `document` and `keys` at will."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.asked: list[str] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                answers = {"/.well-known/openid-configuration": outer.document, "/keys": outer.keys}
                body = answers.get(self.path, b"")
                self.send_response(outer.status if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.maker = TokenMaker(self.url, algorithm)
        self.document = json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys", "more": 1}).encode()
        self.keys = self.maker.jwks()


@contextmanager
def issuer_server(algorithm: str = "ES256") -> Iterator[IssuerServer]:
    """A running issuer."""
    found = IssuerServer(algorithm)
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        thread.join()
        found.server.server_close()
