"""`agentpay eval …`."""

from __future__ import annotations

import typer

from agentpay.evals.adversarial.command import adversarial as adversarial_command
from agentpay.evals.all_command import all_suites
from agentpay.evals.compare_command import baseline, compare
from agentpay.evals.experiments.command import langsmith as langsmith_command
from agentpay.evals.intents_cli import intents as intents_command
from agentpay.evals.negotiation.command import negotiation as negotiation_command
from agentpay.evals.replay.command import replay as replay_command
from agentpay.evals.scenarios_cli import scenarios as scenarios_command
from agentpay.evals.search_cli import search as search_command
from agentpay.evals.simulated.command import simulated as simulated_command
from agentpay.evals.tau2.command import tau2 as tau2_command

eval_app = typer.Typer(
    help="Hold a shop and its agents to what they should do.", no_args_is_help=True, rich_markup_mode=None
)

eval_app.command("scenarios", epilog="Example: agentpay eval scenarios scenarios.yaml --store shop.yaml --out results")(
    scenarios_command
)
eval_app.command(
    "intents",
    epilog="Example: agentpay eval intents --train train.jsonl.gz --test val.jsonl.gz --out predictions.jsonl",
)(intents_command)
eval_app.command("adversarial", epilog="Example: agentpay eval adversarial --out results")(adversarial_command)
eval_app.command(
    "negotiation", epilog="Example: agentpay eval negotiation --data histories --products 20 --out results"
)(negotiation_command)
eval_app.command(
    "tau2",
    epilog="Example: agentpay eval tau2 --tasks tasks.json --db db.json.gz --out results --expected expected.json.gz",
)(tau2_command)
eval_app.command(
    "search", epilog="Example: agentpay eval search --store shop.yaml --judgements judgements.csv --out results"
)(search_command)
eval_app.command("simulated", epilog="Example: agentpay eval simulated --conversations 1000 --out results")(
    simulated_command
)

eval_app.command("replay", epilog="Example: agentpay eval replay --model openai:gpt-5-mini --out results")(
    replay_command
)
eval_app.command("all", epilog="Example: agentpay eval all --out results --against results-before")(all_suites)
eval_app.command("compare", epilog="Example: agentpay eval compare before after")(compare)
eval_app.command("baseline", epilog="Example: agentpay eval baseline results tests/evals/baseline.json")(baseline)
eval_app.command("langsmith", epilog="Example: agentpay eval langsmith results")(langsmith_command)
