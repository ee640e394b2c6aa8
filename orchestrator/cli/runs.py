"""`toolchord runs`: the runs that the service keeps."""

from datetime import UTC, datetime
from typing import Annotated, Final, get_args

from rich.text import Text
from typer import Argument, Option

from orchestrator.cli import output, states
from orchestrator.cli.chart import chart
from orchestrator.cli.client import Client, read
from orchestrator.cli.endpoint import api_url as find_api
from orchestrator.cli.options import ApiUrl, AsJson, Labels, examples, labels_of, make_typer
from orchestrator.cli.report import summary, tell_warnings, took, watch_and_report
from orchestrator.schemas.run import RunList, RunObject, RunStatus, RunSummary

app = make_typer("List, show, watch and cancel runs.")

_COLUMNS: Final = ("Run", "Status", "Created", "Took", "Model", "Tokens", "Metadata")

_STATUSES: Final = ", ".join(get_args(RunStatus))

RunId = Annotated[str, Argument(metavar="ID", help="The run's id, such as run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B.")]


@app.command(
    "list",
    epilog=examples("toolchord runs list --status failed", "toolchord runs list --metadata customer=c_42 --json | jq -r '.data[].id'"),
)
def list_(
    *,
    status: Annotated[RunStatus | None, Option(metavar="STATUS", help=f"Only runs in this state: {_STATUSES}.")] = None,
    metadata: Labels = None,
    limit: Annotated[int, Option(min=1, max=100, metavar="N", help="Runs, at most.")] = 20,
    after: Annotated[str | None, Option(metavar="ID", help="Only runs older than this one: the next page.")] = None,
    as_json: AsJson = False,
    api_url: ApiUrl = None,
) -> None:
    """List runs, the newest first."""
    query = {f"metadata[{key}]": value for key, value in labels_of(metadata).items()}
    query |= {"limit": str(limit)} | ({"status": status} if status else {}) | ({"after": after} if after else {})
    with Client(find_api(api_url)) as client:
        answer = client.runs(query)
    if as_json:
        output.print_json(answer)
        return
    page = read(RunList, answer)
    output.print_table(_COLUMNS, map(_row, page.data), empty="No runs.")
    if page.has_more:
        output.note(f"There are more: --after {page.data[-1].id}")


@app.command(epilog=examples("toolchord runs show run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B", "toolchord runs show ID --json | jq .messages"))
def show(run_id: RunId, *, as_json: AsJson = False, api_url: ApiUrl = None) -> None:
    """Show one run: its tool calls, its answer and what it took."""
    with Client(find_api(api_url)) as client:
        answer = client.run(run_id)
    if as_json:
        output.print_json(answer)
    else:
        _show(read(RunObject, answer))


@app.command(epilog=examples("toolchord runs watch run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"))
def watch(run_id: RunId, *, as_json: AsJson = False, api_url: ApiUrl = None) -> None:
    """Watch a run until it ends; the exit code tells how."""
    with Client(find_api(api_url)) as client:
        watch_and_report(client, run_id, as_json=as_json)


@app.command(epilog=examples("toolchord runs cancel run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"))
def cancel(run_id: RunId, *, as_json: AsJson = False, api_url: ApiUrl = None) -> None:
    """Cancel a run. One that has ended stays as it is."""
    with Client(find_api(api_url)) as client:
        answer = client.cancel(run_id)
    output.print_json(answer) if as_json else output.say(summary(read(RunObject, answer)))


def _row(run: RunSummary) -> tuple[str | Text, ...]:
    labels = ", ".join(f"{key}={value}" for key, value in run.metadata.items())
    return (
        run.id,
        states.styled(run.status),
        output.local_time(run.created_at),
        took(run) or "",
        run.model,
        f"{run.usage.total_tokens:,}",
        labels,
    )


def _show(run: RunObject) -> None:
    output.say(summary(run), "bold")
    output.say(f"{run.model}, {output.local_time(run.created_at)}{states.reason(run)}", "dim")
    tell_warnings(run)
    output.say("")
    output.OUT.print(chart(run, datetime.now(UTC)))
    if run.output is not None:
        output.say(run.output)
