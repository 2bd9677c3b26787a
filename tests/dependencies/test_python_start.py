"""Which Python program a config starts: only what stands there plainly."""

import pytest

from assay.dependencies.python_start import Command, Start, start

SCRIPTS = {
    "usr/local/bin/gunicorn": "/usr/local/bin/python3.11",
    "usr/local/bin/flask": "/usr/bin/env python3",
    "opt/venv/bin/uvicorn": "/opt/venv/bin/python",
    "app/run": "/bin/bash",
}


def begun(*words: str, here: str = "/app", **environment: str) -> Start:
    command = Command(words=words, working_dir=here, environment=tuple(environment.items()))
    return start(command, SCRIPTS.get)


@pytest.mark.parametrize(
    ("words", "script", "modules", "first"),
    [
        (["python", "main.py"], "app/main.py", (), ("app",)),
        (["/usr/local/bin/python3.11", "-u", "-OO", "-W", "ignore", "/srv/x.py", "-m"], "srv/x.py", (), ("srv",)),
        (["python3", "-m", "pkg.tool", "x"], "", ("pkg.tool",), ("app",)),
        (["python3", "-um", "pkg"], None, (), ()),
        (["/bin/sh", "-c", "exec python main.py"], "app/main.py", (), ("app",)),
        (["tini", "--", "python", "main.py"], "app/main.py", (), ("app",)),
        (["env", "python3", "main.py"], "app/main.py", (), ("app",)),
        (["gunicorn", "-w", "2", "-b", "0.0.0.0:80", "site.wsgi:app"], "usr/local/bin/gunicorn", ("site.wsgi",), ("usr/local/bin", "app")),
        (["/opt/venv/bin/uvicorn", "main:make()", "--port", "1"], "opt/venv/bin/uvicorn", ("main",), ("opt/venv/bin", "app")),
        (["python", "-m", "gunicorn", "main:app"], "", ("gunicorn", "main"), ("app",)),
        (["flask", "--app", "web.py", "run"], "usr/local/bin/flask", ("web",), ("usr/local/bin", "app")),
    ],
)  # fmt: skip
def test_plain_commands_are_understood(
    words: list[str], script: str | None, modules: tuple[str, ...], first: tuple[str, ...]
) -> None:
    found = begun(*words)
    if script is None:
        assert found.reason
    else:
        assert (found.reason, found.script, found.modules, found.first) == ("", script, modules, first)
        assert not found.doubt


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "names no command"),
        (["/bin/sh"], "a shell or its script"),
        (["docker-entrypoint.sh", "python"], "a shell or its script"),
        (["sh", "-c", "python a.py && python b.py"], "a shell's"),
        (["sh", "-c", 'python "a'], "no plain line"),
        (["python"], "without a script"),
        (["python", "-"], "without a script"),
        (["python", "-I", "x.py"], "started with -I"),
        (["nginx"], "no Python script"),
        (["/app/run"], "run by bash"),
        (["env", "-S", "python x"], "through env with options"),
        (["exec"] * 20, "wrapped too often"),
    ],
)
def test_all_else_says_why_nothing_is_known(words: list[str], reason: str) -> None:
    found = begun(*words)
    assert reason in found.reason
    assert (found.modules, found.script) == ((), "")


@pytest.mark.parametrize(
    ("words", "environment", "doubt"),
    [
        (["gunicorn", "-c", "conf.py", "main:app"], {}, "what gunicorn serves is not said plainly"),
        (["gunicorn"], {}, "what gunicorn serves is not said plainly"),
        (["python", "x.py"], {"PYTHONHOME": "/opt"}, "PYTHONHOME is set"),
        (["python", "x.py"], {"PYTHONPATH": "/a.zip"}, "an archive is on PYTHONPATH"),
    ],
)
def test_what_is_not_plain_is_a_doubt(words: list[str], environment: dict[str, str], doubt: str) -> None:
    assert begun(*words, **environment).doubt == doubt


def test_the_module_path_begins_with_the_script_and_the_environment() -> None:
    found = begun("python", "bin/x.py", PYTHONPATH="/lib/a:rel:", PATH="/opt/venv/bin:/usr/bin")
    assert found.first == ("app/bin", "lib/a", "app/rel")
    assert found.prefixes == ("opt/venv", "usr")
    assert begun("/usr/bin/python3", "x.py").prefixes == ("usr",)
    assert begun("gunicorn", "a:b").prefixes == ("usr/local",)
