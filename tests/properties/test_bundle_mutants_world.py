"""Hundreds of one-field mutants of every kind of bundle: nothing is believed but what is listed here with its reason."""

import pytest

import trustworld as w
from assay.model.errors import UntrustedError
from bundlekinds import KINDS
from bundlemutants import mutants


@pytest.mark.parametrize("kind", KINDS)
def test_mutants(kind):
    made, listed = KINDS[kind]
    expected = w.BY_IDENTITY if made.certificate else w.BY_KEY
    good = w.check(made, expected)
    believed: dict[tuple[str | int, ...], set[str]] = {}
    count = 0
    for path, what, data in mutants(made.data()):
        count += 1
        try:
            evidence = w.check(data, expected)
        except UntrustedError as error:
            assert error.code, (path, what)  # noqa: PT017 (each of hundreds)
            assert error.step, (path, what)  # noqa: PT017
            continue
        assert evidence.signer == good.signer
        believed.setdefault(path, set()).add(what)
    assert believed == listed
    assert count > (300 if made.entries else 90)
