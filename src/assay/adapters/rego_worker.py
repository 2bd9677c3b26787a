"""The process that runs Rego: started as a file by `adapters.opa`, alone, without an environment.

It imports nothing of this package and must stay so: start-up time is part of every decision. Frames on standard input
and output are a four-byte big-endian length and JSON. It answers one request at a time and ends with its input.

    {"load": {"modules": [[path, text], …], "data": {…}}}          -> {"error": ""}
    {"evaluate": {"packages": […], "facts": "<JSON>", "seconds": n}} -> {"outcomes": [{…}, …]}
"""

import json
import resource
import struct
import sys
from typing import Any, BinaryIO

_HEADER = struct.Struct(">I")
_ERROR_CHARACTERS = 400
_UNDEFINED = "<undefined>"
_NO_RULE = "not a valid rule path"


def main() -> None:
    """Serve requests. Arguments: the folder that holds the engine's package, and the memory limit in bytes."""
    folder, memory = sys.argv[1], int(sys.argv[2])
    sys.path.append(folder)
    import regorus

    _confine(memory)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    engine: Any = None
    while (request := _receive(source)) is not None:
        if "load" in request:
            engine, error = _load(regorus, request["load"])
            _send(sink, {"error": error})
        else:
            _send(sink, {"outcomes": _evaluate(engine, request["evaluate"])})


def _confine(memory: int) -> None:
    """So much memory more than it has now, no files, no core."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    for what, limit in (
        (resource.RLIMIT_AS, now + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        resource.setrlimit(what, (limit, limit))


def _load(regorus: Any, policy: dict[str, Any]) -> tuple[Any, str]:
    try:
        engine = regorus.Engine()
        engine.set_policy_length_config(max_col=65_535, max_file_bytes=16 << 20, max_lines=100_000)
        for path, text in policy["modules"]:
            engine.add_policy(path, text)
        engine.add_data_json(json.dumps(policy["data"]))
    except BaseException as error:  # noqa: BLE001  (the engine's panics are no `Exception`: this border takes all)
        return None, _words(error)
    return engine, ""


def _evaluate(prepared: Any, request: dict[str, Any]) -> list[dict[str, Any]]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # Should the parent die, a rule that never ends must end all the same.
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + request["seconds"]) + 2, hard))
    try:
        engine = prepared.clone()
        engine.set_input_json(request["facts"])
    except BaseException as error:  # noqa: BLE001  (as above)
        return [{"package": package, "error": _words(error)} for package in request["packages"]]
    return [_package(engine, package) for package in request["packages"]]


def _package(engine: Any, package: str) -> dict[str, Any]:
    try:
        applies = _rule(engine, package, "applies", absent=True)
        if not isinstance(applies, bool):
            raise TypeError("applies is undefined or no boolean (give it a default)")
        answer: dict[str, Any] = {"package": package, "applies": applies}
        if applies:
            answer["deny"] = _entries(engine, package, "deny", absent=None)
            answer["warn"] = _entries(engine, package, "warn", absent=[])
    except BaseException as error:  # noqa: BLE001  (as above)
        return {"package": package, "error": _words(error)}
    return answer


def _entries(engine: Any, package: str, name: str, *, absent: Any) -> list[Any]:
    value = _rule(engine, package, name, absent=absent)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise TypeError(f"{name} is no set of objects")
    return value


def _rule(engine: Any, package: str, name: str, *, absent: Any) -> Any:
    """The value of a rule; `absent` where there is none. As JSON: sets of objects have no other form outside."""
    try:
        text = engine.eval_rule_as_json(f"data.{package}.{name}")
    except RuntimeError as error:
        if str(error).startswith(_NO_RULE):
            return absent
        raise
    value = json.loads(text)
    if value == _UNDEFINED:
        raise TypeError(f"{name} is undefined")
    return value


def _words(error: BaseException) -> str:
    """The engine's message without its stack trace, on one line."""
    text = str(error).split("Stack backtrace", 1)[0]
    lines = [line.strip(" |^-") for line in text.splitlines()]
    return (" ".join(filter(None, lines)) or type(error).__name__)[:_ERROR_CHARACTERS]


def _receive(source: BinaryIO) -> Any:
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    body = source.read(length)
    return json.loads(body) if len(body) == length else None


def _send(sink: BinaryIO, value: Any) -> None:
    body = json.dumps(value).encode()
    sink.write(_HEADER.pack(len(body)) + body)
    sink.flush()


if __name__ == "__main__":
    main()
