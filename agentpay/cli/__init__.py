"""The command line: one file a group of commands. Heavy imports stay inside the commands, so that `--help` is there at once."""

from __future__ import annotations

import sys

import typer

from agentpay.cli import bench, conversations, demo, importing, index, intents, keys, serve
from agentpay.errors import StartupError
from agentpay.evals.cli import eval_app

app = typer.Typer(
    name="agentpay",
    help="AgentPay: agents that sell, support and take payments for a shop.",
    epilog="Start with: agentpay demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("demo", epilog="Example: agentpay demo --store shop.yaml --port 8000")(demo.demo)
app.command("serve", epilog="Example: agentpay serve --host 0.0.0.0 --port 8000")(serve.serve)
app.command("worker", epilog="Example: agentpay worker")(serve.worker)
app.command("migrate", epilog="Example: agentpay migrate")(serve.migrate)
app.command("import", epilog="Example: agentpay import shop.yaml")(importing.import_)
app.command("index", epilog="Example: agentpay index --status --json")(index.index)
app.command("bench", epilog="Example: agentpay bench turns --reps 3")(bench.bench)
app.add_typer(keys.app, name="keys")
app.add_typer(conversations.app, name="conversations")
app.add_typer(intents.app, name="intents")
app.add_typer(eval_app, name="eval")


def main() -> None:
    """The entry point. What cannot start says so in one sentence and exits with 2."""
    try:
        app()
    except StartupError as error:
        typer.echo(f"agentpay: {error}", err=True)
        sys.exit(2)
