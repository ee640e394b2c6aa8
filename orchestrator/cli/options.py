"""What the declarations of commands share: the style of their help, and options of several of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from typer import Option, Typer

from orchestrator.cli.errors import CommandError, ExitCode

HELP_OPTIONS: Final = {"help_option_names": ["-h", "--help"]}

ApiUrl = Annotated[
    str | None,
    Option(
        "--api-url",
        envvar="TOOLCHORD_API_URL",
        metavar="URL",
        show_envvar=False,
        help="Where Toolchord is, also by TOOLCHORD_API_URL. By default the local stack that runs, else http://127.0.0.1:8000.",
    ),
]
AsJson = Annotated[bool, Option("--json", help="Print JSON, and nothing else, on standard output.")]
Labels = Annotated[list[str] | None, Option("--metadata", metavar="KEY=VALUE", help="A label of the run; may be repeated.")]

Previous = Annotated[str | None, Option("--previous", metavar="RUN", help="Go on with the conversation of a run that has ended.")]
MaxToolCalls = Annotated[int | None, Option(min=0, metavar="N", help="Tool calls that run, at most.")]
MaxTokens = Annotated[int | None, Option("--max-total-tokens", min=1, metavar="N", help="Tokens of all model calls, at most.")]
MaxCost = Annotated[float | None, Option("--max-cost-usd", metavar="USD", help="US dollars for all model calls, at most.")]
Schema = Annotated[
    Path | None, Option(metavar="FILE", exists=True, dir_okay=False, help="A JSON schema that the answer must fit, which is then JSON.")
]


def make_typer(sentence: str | None = None) -> Typer:
    """A Typer for one command, or for a group of them that the sentence tells of."""
    return Typer(
        help=sentence,
        # Without a callback a group of one command would be that command.
        callback=None if sentence is None else _no_options,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP_OPTIONS,
    )


def examples(*lines: str) -> str:
    """The end of a command's help."""
    # The first line keeps the others from being filled to a paragraph.
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def _no_options() -> None:
    """A group takes no options of its own."""


def labels_of(metadata: Sequence[str] | None) -> dict[str, str]:
    """The labels that were given. Raises CommandError for one without a key."""
    labels: dict[str, str] = {}
    for text in metadata or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CommandError(ExitCode.USAGE, f"--metadata {text!r} is no label. Write KEY=VALUE.")
        labels[key] = value
    return labels
