"""``beatd completion``."""

import click
from click.shell_completion import get_completion_class

from beatd.errors import BeatdError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell completion script.

    In ~/.bashrc: eval "$(beatd completion bash)"; in ~/.zshrc: eval "$(beatd completion zsh)"; for fish: beatd
    completion fish > ~/.config/fish/completions/beatd.fish
    """
    from beatd.cli.commands import beatd

    found = get_completion_class(shell)
    if found is None:
        raise BeatdError(f"no completion for {shell}")
    click.echo(found(beatd, {}, "beatd", "_BEATD_COMPLETE").source())
