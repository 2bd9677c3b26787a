"""Merkle proofs against the recursions of RFC 6962, written down here as the text has them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.trust import merkle

LEAVES = [merkle.leaf_hash(b"%d" % i) for i in range(300)]
TREE = merkle.nodes(LEAVES)


def mth(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest(len(leaves))
    return merkle.node_hash(mth(leaves[:k]), mth(leaves[k:]))


def largest(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = largest(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


ROOTS = [mth(LEAVES[:n]) for n in range(131)]


def test_hashes_of_the_text():
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_are_those_of_the_recursion():
    assert [merkle.root(n, TREE) for n in range(131)] == ROOTS


def test_inclusion_proofs_are_those_of_the_recursion_and_hold():
    for n in range(1, 70):
        for m in range(n):
            proof = merkle.inclusion(m, n, TREE)
            assert list(proof) == path(m, LEAVES[:n])
            assert merkle.verify_inclusion(m, n, LEAVES[m], proof, ROOTS[n])


def test_consistency_proofs_are_those_of_the_recursion_and_hold():
    for n in range(1, 131):
        for m in range(1, n + 1):
            proof = merkle.consistency(m, n, TREE)
            assert merkle.verify_consistency(m, ROOTS[m], n, ROOTS[n], proof)
            if n < 40:
                assert list(proof) == subproof(m, LEAVES[:n], True)


def test_consistency_of_all_sizes_to_200():
    roots = [merkle.root(n, TREE) for n in range(201)]
    for n in range(1, 201):
        for m in range(1, n + 1):
            assert merkle.verify_consistency(m, roots[m], n, roots[n], merkle.consistency(m, n, TREE))


def test_consistency_of_larger_trees_from_every_size():
    """All 8,390,656 pairs up to 4,096 hold; three minutes are too long for every day, so every m of some n."""
    leaves = [merkle.leaf_hash(b"%d" % i) for i in range(4096)]
    tree = merkle.nodes(leaves)
    roots = [merkle.root(n, tree) for n in range(4097)]
    for n in (4096, 4095, 2049, 1537):
        for m in range(1, n + 1):
            assert merkle.verify_consistency(m, roots[m], n, roots[n], merkle.consistency(m, n, tree))


def test_no_other_index_size_or_length_holds():
    """A proof speaks for one place in one tree: a longer, a shorter and a shifted one are refused."""
    for n in range(1, 40):
        for m in range(n):
            proof = merkle.inclusion(m, n, TREE)
            assert not merkle.verify_inclusion(m, n, LEAVES[m], (*proof, proof[0] if proof else ROOTS[1]), ROOTS[n])
            assert not proof or not merkle.verify_inclusion(m, n, LEAVES[m], proof[:-1], ROOTS[n])
            for other in range(n):
                assert merkle.verify_inclusion(other, n, LEAVES[m], proof, ROOTS[n]) == (other == m)
            assert not merkle.verify_inclusion(m, n, LEAVES[(m + 1) % 300], proof, ROOTS[n])


def test_no_other_old_tree_is_consistent():
    for n in range(2, 40):
        for m in range(1, n):
            proof = merkle.consistency(m, n, TREE)
            for other in range(1, n):
                held = merkle.verify_consistency(other, ROOTS[other], n, ROOTS[n], proof)
                assert held == (other == m)
            assert not merkle.verify_consistency(m, ROOTS[m], n, ROOTS[n], proof[:-1])
            assert not merkle.verify_consistency(m, ROOTS[m], n, ROOTS[n], (*proof, ROOTS[1]))
            assert not merkle.verify_consistency(m, ROOTS[m + 1], n, ROOTS[n], proof)


def test_the_empty_tree_is_the_beginning_of_every_tree():
    assert merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, ROOTS[5], ())
    assert merkle.verify_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, ())
    assert not merkle.verify_consistency(0, ROOTS[1], 5, ROOTS[5], ())
    assert not merkle.verify_consistency(0, ROOTS[1], 0, ROOTS[1], ())
    assert not merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, ROOTS[5], (ROOTS[1],))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (1 << 70, 3)])
def test_places_outside_the_tree(index, size):
    assert not merkle.verify_inclusion(index, size, LEAVES[0], (), LEAVES[0])
    with pytest.raises(ValueError):
        merkle.inclusion(index, size, TREE)


def test_a_smaller_new_tree_and_short_hashes_are_refused():
    assert not merkle.verify_consistency(3, ROOTS[3], 2, ROOTS[2], ())
    assert not merkle.verify_consistency(-1, ROOTS[3], 2, ROOTS[2], ())
    assert not merkle.verify_inclusion(0, 2, LEAVES[0], (LEAVES[1][:-1],), ROOTS[2])
    assert not merkle.verify_inclusion(0, 1, b"", (), b"")
    with pytest.raises(ValueError):
        merkle.consistency(3, 2, TREE)


@given(st.data())
def test_one_bit_anywhere_breaks_a_proof(data):
    n = data.draw(st.integers(2, 300))
    m = data.draw(st.integers(1, n - 1))
    proof = list(merkle.consistency(m, n, TREE))
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = bytearray(proof[place])
    changed[bit // 8] ^= 1 << bit % 8
    proof[place] = bytes(changed)
    assert not merkle.verify_consistency(m, merkle.root(m, TREE), n, merkle.root(n, TREE), proof)
