"""Reading a policy: the METADATA subset, the profile, the digest; anything unclear is refused with its place."""

import pytest

from assay.model.errors import MalformedError
from assay.policy import metadata
from assay.policy.bundle import load
from deciding import policy, rego

GOOD = rego("a.one")[1]


def test_a_rule_is_read_from_its_comment():
    rule = metadata.rule("a_one.rego", GOOD.replace("title: Title of a.one", 'title: "Quoted: with a colon"'))
    assert (rule.code, rule.title, rule.severity, rule.state) == ("a.one", "Quoted: with a colon", "high", "enforce")
    assert (rule.needs, rule.uses, rule.remedy) == (("subject",), (), "repair it")
    assert (rule.package, rule.path) == ("assay.rules.a_one", "a_one.rego")


BAD = {
    "no comment": GOOD.replace("# METADATA", "#"),
    "no title": GOOD.replace("# title: Title of a.one\n", ""),
    "no code": GOOD.replace("#   code: a.one\n", ""),
    "code without a dot": GOOD.replace("code: a.one", "code: one"),
    "unknown severity": GOOD.replace("high", "huge"),
    "unknown state": GOOD.replace("enforce", "perhaps"),
    "unknown field": GOOD.replace("#   remedy", "#   weight: 3\n#   remedy"),
    "twice": GOOD.replace("#   remedy", "#   state: off\n#   remedy"),
    "needs is text": GOOD.replace("[subject]", "subject"),
    "needs is odd": GOOD.replace("[subject]", "[Sub ject]"),
    "list over lines": GOOD.replace("[subject]", "[subject,"),
    "block list": GOOD.replace("[subject]", "\n#     - subject"),
    "three deep": GOOD.replace("#   remedy", "#     remedy"),
    "anchor": GOOD.replace("repair it", "&a repair"),
    "folded": GOOD.replace("repair it", ">-"),
    "colon in plain text": GOOD.replace("repair it", "do: this"),
    "quote inside": GOOD.replace("repair it", '"a"b"'),
    "endless": GOOD.replace("#   remedy", "# x: y\n" * 80 + "#   remedy"),
    "no package": GOOD.replace("package assay.rules.a_one", ""),
    "two packages": GOOD + "\npackage assay.rules.b\n",
    "no rego.v1": GOOD.replace("import rego.v1", ""),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_unclear_is_refused(case):
    with pytest.raises(MalformedError) as caught:
        load({"a.rego": BAD[case]}, {})
    assert caught.value.where == "a.rego"


@pytest.mark.parametrize(
    "line",
    [
        'x := http.send({"url": "u"})',
        "x := time.now_ns()",
        "x := time . now_ns()",
        "x := opa.runtime()",
        'x := rand.intn("a", 3)',
        'x := io.jwt.decode("")',
        'x := crypto.x509.parse_certificates("")',
        'x := net.lookup_ip_addr("")',
        "x := rego.metadata.rule()",
        'x := "\\"" == http.send({})',
    ],
)
def test_a_policy_asks_neither_time_nor_chance_nor_the_outside(line):
    with pytest.raises(MalformedError, match="may not"):
        policy(rego("a.one", line))


@pytest.mark.parametrize(
    "line",
    ["# http.send is refused", 'x := "time.now_ns"', "x := input.http.send", "x := `rand.intn`", "myrand.x := 1"],
)
def test_words_in_texts_comments_and_paths_are_harmless(line):
    assert policy(rego("a.one", line)).rules


def test_libraries_are_no_rules():
    library = "package assay.lib.text\n\nimport rego.v1\n\nf(x) := x\n"
    assert [r.code for r in load({"lib.rego": library, "a.rego": GOOD}, {}).rules] == ["a.one"]


@pytest.mark.parametrize(
    "text",
    [
        'deny contains {"msg": "x"} if input.x',
        "default deny := set()",
        "applies if false",
        "# custom:\n#   code: a.b",
    ],
)
def test_a_rule_in_a_mistaken_package_is_not_passed_over(text):
    with pytest.raises(MalformedError, match="not below assay"):
        load({"main.rego": f"package main\nimport rego.v1\n{text}\n"}, {})


def test_two_rules_may_share_neither_code_nor_package():
    with pytest.raises(MalformedError, match="same code"):
        load({"a.rego": GOOD, "b.rego": GOOD.replace("package assay.rules.a_one", "package assay.rules.b")}, {})
    with pytest.raises(MalformedError, match="same package"):
        load({"a.rego": GOOD, "b.rego": GOOD.replace("code: a.one", "code: b.two")}, {})


def test_data_may_change_states_and_nothing_under_assay():
    assert policy(rego("a.one"), data={"states": {"a.one": "warn"}}).rules[0].state == "warn"
    for data in ({"states": {"b.two": "warn"}}, {"states": {"a.one": "no"}}, {"states": []}, {"assay": {}}):
        with pytest.raises(MalformedError):
            policy(rego("a.one"), data=data)


def test_the_digest_covers_modules_and_data_and_not_their_order():
    one = policy(rego("a.one"), rego("b.two"), data={"x": 1})
    assert one.digest == policy(rego("b.two"), rego("a.one"), data={"x": 1}).digest
    assert one.digest != policy(rego("a.one"), rego("b.two"), data={"x": 2}).digest
    assert one.digest != policy(rego("a.one"), data={"x": 1}).digest
