"""Why a package is there: standing from records alone, shortest paths, cycles, bounds."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.graph import PATHS_SHOWN, Graph, Share, find
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Inventory, Relation


def package(name: str, *properties: tuple[str, str], kind: str = "npm", **more: object) -> Component:
    return Component(
        key=name, purl=f"pkg:{kind}/{name}@1", ecosystem=kind, name=name, version="1", properties=properties, **more
    )  # type: ignore[arg-type]


def inventory(components: list[Component], *edges: str, **more: object) -> Inventory:
    """Edges as `a>b`."""
    pairs = sorted(Relation(*edge.split(">")[:1], "depends_on", edge.split(">")[1]) for edge in edges)  # type: ignore[call-arg]
    return Inventory(
        subject=Subject(name="x"),
        components=tuple(sorted(components, key=lambda c: c.key)),
        relations=tuple(pairs),
        **more,  # type: ignore[arg-type]
    )


DIRECT = ("npm:direct", "true")


def test_direct_by_record_transitive_by_path_unknown_without_either() -> None:
    graph = Graph(
        inventory(
            [package("app", DIRECT), package("mid"), package("leaf"), package("alone"), package("curl", kind="deb")],
            "app>mid",
            "mid>leaf",
        )
    )
    assert graph.why("app").standing == "direct"
    assert (graph.why("app").record, graph.why("app").depth) == ("npm:direct", 1)
    assert (graph.why("leaf").standing, graph.why("leaf").depth) == ("transitive", 3)
    assert graph.why("leaf").paths == (("app", "mid", "leaf"),)
    assert graph.why("alone").standing == "unknown"
    assert graph.why("curl").standing == "unknown"
    assert "deb" in graph.why("curl").record
    assert graph.share() == Share(direct=1, transitive=2, unknown=2)


def test_a_package_of_an_ecosystem_without_records_is_never_transitive() -> None:
    graph = Graph(inventory([package("app", DIRECT), package("libc", kind="deb")], "app>libc"))
    assert graph.why("libc").standing == "unknown"
    assert graph.why("libc").paths == (("app", "libc"),)


def test_without_records_paths_begin_where_nothing_leads_to() -> None:
    graph = Graph(inventory([package(n) for n in "abc"], "a>b", "b>c"))
    why = graph.why("c")
    assert (why.standing, why.depth, why.paths, why.needed_by) == ("unknown", None, (("a", "b", "c"),), ("b",))
    assert graph.why("a").paths == ()


def test_cycles_end_and_still_give_paths() -> None:
    graph = Graph(inventory([package(n) for n in "abc"], "a>b", "b>a", "b>c", "c>b"))
    assert graph.why("a").paths == (("b", "a"),)
    rooted = Graph(inventory([package(n) for n in "rab"], "r>a", "a>b", "b>a"))
    assert rooted.why("b").paths == (("r", "a", "b"),)


def test_at_most_five_paths_shortest_first_and_more_is_said() -> None:
    middles = [f"m{n}" for n in range(7)]
    edges = [f"r>{m}" for m in middles] + [f"{m}>t" for m in middles] + ["r>t"]
    why = Graph(inventory([package(n) for n in ["r", "t", *middles]], *edges)).why("t")
    assert why.paths == (("r", "t"), *(("r", m, "t") for m in middles[:4]))
    assert why.more


def test_layer_and_instruction() -> None:
    layers = (Layer(index=0, diff_id=None, created_by="FROM"), Layer(index=1, diff_id=None, created_by="RUN  npm\ti"))
    why = Graph(inventory([package("a", introduced=1, removed_by=0)], layers=layers)).why("a")
    assert (why.instruction, why.removed_instruction) == ("RUN npm i", "FROM")


def test_a_dense_graph_ends_soon() -> None:
    """A complete graph has factorially many simple paths; five are found and no more are walked."""
    names = [f"n{i:02}" for i in range(40)]
    edges = [f"{a}>{b}" for a in names for b in names if a != b]
    begun = time.process_time()
    why = Graph(inventory([package(n) for n in names], *edges)).why("n00")
    assert len(why.paths) == PATHS_SHOWN
    assert time.process_time() - begun < 5


def test_a_chain_of_a_hundred_thousand_ends_soon() -> None:
    names = [f"n{i:06}" for i in range(100_000)]
    begun = time.process_time()
    graph = Graph(inventory([package(n) for n in names], *(f"{a}>{b}" for a, b in pairwise(names))))
    assert graph.why(names[-1]).paths == ()
    assert graph.why(names[-1]).more
    assert time.process_time() - begun < 10


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20, unique=True))
def test_every_path_is_a_real_simple_path(edges: list[tuple[str, str]]) -> None:
    graph = Graph(inventory([package(n) for n in "abcdef"], *(f"{a}>{b}" for a, b in edges)))
    for key in "abcdef":
        why = graph.why(key)
        lengths = [len(path) for path in why.paths]
        assert lengths == sorted(lengths)
        assert len(set(why.paths)) == len(why.paths)
        assert bool(why.paths) == any(b == key != a for a, b in edges)
        for path in why.paths:
            assert path[-1] == key
            assert len(set(path)) == len(path)
            assert all(pair in edges for pair in pairwise(path))


def test_find_by_key_purl_name_and_last_part() -> None:
    core = Component(key="k", purl="pkg:npm/%40babel/core@7.1", ecosystem="npm", name="@babel/core", version="7.1")
    components = [core, package("curl", kind="deb"), package("curl2")]
    assert find(components, "k") == (core,)
    assert find(components, "pkg:npm/%40babel/core") == (core,)
    assert find(components, "pkg:npm/%40babel/core@7.2") == ()
    assert find(components, "core") == (core,)
    assert find(components, "@Babel/Core") == (core,)
    assert [c.key for c in find(components, "curl")] == ["curl"]
    assert find(components, "pkg:") == ()


def test_the_words_of_a_request_are_a_record() -> None:
    graph = Graph(inventory([package("numpy", ("conda:requested", "numpy>=1"), kind="conda")]))
    assert graph.why("numpy").record == "conda:requested"
