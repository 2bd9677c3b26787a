"""Verified provenance for tests: what the verifier would hand on, without the cryptography."""

from typing import Any

from cryptography import x509

from assay.formats import bundle as bundles
from assay.formats import intoto
from assay.model.evidence import Evidence, Signer
from assay.model.statement import ResourceDescriptor
from signing import TARGET

ARC = "1.3.6.1.4.1.57264.1."
GITHUB = "https://token.actions.githubusercontent.com"


def signed_by(predicate_type: str, predicate: dict[str, Any], signer: Signer, **more: Any) -> Evidence:
    """A statement about `TARGET` as evidence of a signer."""
    subject = ResourceDescriptor(name="image", digest={TARGET.algorithm: TARGET.hex})
    return Evidence(statement=intoto.statement([subject], predicate_type, predicate), signer=signer, **more)


def certified(identity: str, issuer: str = GITHUB, **extensions: str) -> Signer:
    return Signer(kind="certificate", identity=identity, issuer=issuer, extensions=extensions)


def of_bundle(data: bytes) -> Evidence:
    """The statement in a bundle, signed by whom its certificate names: as if every check had passed."""
    bundle = bundles.read(data, where="bundle")
    certificate = x509.load_der_x509_certificate(bundle.certificate or (bundle.chain or ())[0])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    extensions = {}
    for one in certificate.extensions:
        dotted = one.oid.dotted_string
        if dotted.startswith(ARC):
            value = one.value.value
            number = int(dotted.removeprefix(ARC))
            skipped = 0 if number < 7 else 2 + (value[1] & 0x7F if value[1] & 0x80 else 0)
            extensions[dotted] = value[skipped:].decode()
    signer = Signer(
        kind="certificate",
        identity=names.get_values_for_type(x509.UniformResourceIdentifier)[0],
        issuer=extensions[ARC + "8"],
        extensions=extensions,
    )
    assert bundle.envelope is not None
    return Evidence(statement=intoto.read(bundle.envelope.payload, where="bundle"), signer=signer)
