"""`assay completion bash|zsh|fish`."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  eval "$(assay completion bash)"
    zsh:   eval "$(assay completion zsh)"
    fish:  assay completion fish | source
    """
    from assay.interfaces.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "assay", "_ASSAY_COMPLETE").source())
