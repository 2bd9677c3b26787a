"""`assay`: parses nothing itself, loads the one command that is asked for, and turns errors into exit codes.

Exit codes: 0 done or allowed; 1 denied by policy or `--fail-on`; 2 usage; 3 verification failed; 65 malformed input;
69 unsupported; 75 could not tell.
"""

import atexit
import gc
import importlib
import os
import sys
import threading
from typing import NoReturn

import click

from assay import __version__
from assay.model.errors import AssayError

COMMANDS = {
    "attest": ("assay.interfaces.cli.attest", "Make statements about an image; sign and attach them."),
    "authority": ("assay.interfaces.cli.authority", "Make, serve, rotate and export a signing authority of your own."),
    "build": ("assay.interfaces.cli.build", "Build an image from its spec, lock and store; no network."),
    "compare": ("assay.interfaces.cli.compare", "Name the cause of every difference between two images."),
    "completion": ("assay.interfaces.cli.completion", "Print the completion script of a shell."),
    "config": ("assay.interfaces.cli.config", "Print each setting and where its value came from."),
    "convert": ("assay.interfaces.cli.convert", "Write an SBOM in another form; list what is lost."),
    "db": ("assay.interfaces.cli.db", "Build, show, export, import and update the advisory database."),
    "diff": ("assay.interfaces.cli.diff", "Say what changed between two images or SBOMs."),
    "doctor": ("assay.interfaces.cli.doctor", "Say which programs find an image's signatures and attestations."),
    "explain": ("assay.interfaces.cli.explain", "Print the ladder of evidence of one finding."),
    "import-dockerfile": ("assay.interfaces.cli.import_dockerfile", "Take a Dockerfile over as a spec of ours."),
    "import-ignores": ("assay.interfaces.cli.import_ignores", "Turn another scanner's ignore file into one of ours."),
    "inspect": ("assay.interfaces.cli.inspect", "List everything attached to an image, in a tree."),
    "keys": ("assay.interfaces.cli.keys", "Make a signing key."),
    "load": ("assay.interfaces.cli.load", "Carry an image and its evidence from an OCI layout to a registry."),
    "lock": ("assay.interfaces.cli.lock", "Pin every input of a build spec and bring it into the store."),
    "locks": ("assay.interfaces.cli.locks", "Say whether locks are there, hashed, and in step."),
    "log": ("assay.interfaces.cli.log", "Look at transparency logs, prove what is in them, watch them."),
    "merge": ("assay.interfaces.cli.merge", "Join several SBOMs or images into one SBOM."),
    "prune": ("assay.interfaces.cli.prune", "Take old evidence of one's own off an image."),
    "rebuild": ("assay.interfaces.cli.rebuild", "Build again under other conditions; say what differs and why."),
    "rebuilders": ("assay.interfaces.cli.rebuilders", "Say whether enough independent builders made an image."),
    "save": ("assay.interfaces.cli.save", "Carry an image and its evidence into an OCI layout."),
    "sbom": ("assay.interfaces.cli.sbom", "Take stock of an image and write its SBOM."),
    "scan": ("assay.interfaces.cli.scan", "Take stock, match against advisories, decide by policy."),
    "score": ("assay.interfaces.cli.score", "Say how complete an SBOM is, by NTIA's or BSI's elements."),
    "sign": ("assay.interfaces.cli.sign", "Sign an image with a managed key."),
    "sign-bundle": ("assay.interfaces.cli.sign_bundle", "Sign a file keylessly, with an identity token."),
    "trust": ("assay.interfaces.cli.trust", "Write, show, sign and update who is believed."),
    "store": ("assay.interfaces.cli.store", "Clean, check, export and import the content store of builds."),
    "vex": ("assay.interfaces.cli.vex", "Write, join, check and explain VEX documents."),
    "verify": ("assay.interfaces.cli.verify", "Verify the evidence attached to an image; decide from it alone."),
    "verify-bundle": ("assay.interfaces.cli.verify_bundle", "Verify one Sigstore bundle about a file or a digest."),
    "who-has": ("assay.interfaces.cli.who_has", "Say which of several images or SBOMs hold a package."),
    "why": ("assay.interfaces.cli.why", "Print why a package is there: paths, layer, instruction, owner."),
}


class _ReaderGone(Exception):
    """Whoever read the output left. No OSError, for click would make exit 1 of it, and 1 says denied."""


class _Lazy(click.Group):
    """A group that imports a command's module only when that command runs (`--help` stays fast)."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = importlib.import_module(row[0]).command
        if not isinstance(command, click.Command):
            raise TypeError(row[0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[1]) for name, row in sorted(COMMANDS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1) if args else []
            if not near:
                raise
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]!r}?", ctx) from error


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="assay", message="%(prog)s %(version)s")
def cli() -> None:
    """Take stock of container images, say what matters and why, decide, sign, verify.

    \b
    assay scan registry.example/app:1.2       what is in it, what matters, may it run
    assay sbom oci-dir:./image -o spdx-json   its SBOM
    assay explain CVE-2024-0001 IMAGE         why a finding is one
    """


_COLLECTED_COUNT = 50_000
"""New containers before the cyclic collector looks: at the usual 700 it runs a hundred times while modules load."""


def run() -> NoReturn:
    """The console script: `main`, then out at once.

    Taking hundreds of modules apart and freeing what the system takes back anyway costs 25 ms and more. What is
    registered to be done at the end is done, and what is buffered is written; where a thread still runs, or the output
    does not take what is left, the interpreter ends as it always does.
    """
    gc.set_threshold(_COLLECTED_COUNT, 10, 10)
    code: object = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    if isinstance(code, int) and threading.active_count() == 1:
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            sys.exit(code)
        os._exit(code)
    sys.exit(code)  # type: ignore[arg-type]


def main() -> None:
    """Run a command, say errors in one line, exit with the error's code."""
    _open_standard_streams()
    trace = "-vv" in sys.argv
    try:
        code = cli.main(prog_name="assay", standalone_mode=False)
    except AssayError as error:
        if trace:
            raise
        click.echo(_line(f"assay: {error.kind}: {error.line()}"), err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("assay: interrupted", err=True)
        sys.exit(130)
    except (BrokenPipeError, _ReaderGone):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (OSError, MemoryError, RecursionError) as error:
        # The machine said no (disk, memory, permissions): nobody knows the answer, so the caller fails closed.
        if trace:
            raise
        click.echo(_line(f"assay: unavailable: {type(error).__name__}: {error}. See -vv for the place"), err=True)
        sys.exit(75)
    except Exception as error:
        if trace:
            raise
        click.echo(
            _line(f"assay: defect: {type(error).__name__}: {error}. Please report it with -vv's output"), err=True
        )
        sys.exit(75)
    sys.exit(code if isinstance(code, int) else 0)


def _open_standard_streams() -> None:
    """A closed stream (`>&-`) becomes the null device, before any file could take its number and receive its text."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        name, mode = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))[handle]
        setattr(sys, name, os.fdopen(handle, mode, encoding="utf-8"))
    os.close(handle)


def _line(text: str) -> str:
    """The message with control characters escaped: names from images may stand in it."""
    from assay.interfaces.cli.render.text import safe

    return safe(text)
