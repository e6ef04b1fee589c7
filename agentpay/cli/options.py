"""Options that commands have in common, and how they become settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentpay.errors import StartupError

if TYPE_CHECKING:
    from agentpay.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the embedded servers and demo.json.  [default: ./.agentpay]"),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
Organization = Annotated[
    str | None,
    typer.Option("--organization", metavar="SLUG", help="Whose data; needed where there are several shops."),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.  [default: 127.0.0.1]")]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 picks a free one.  [default: 8000]"),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="`house` or `openai:<model>`.  [default: house]")
]


def load_settings(
    *, data: Path | None = None, host: str | None = None, port: int | None = None, model: str | None = None
) -> Settings:
    """The settings with a command's options over them. Raises StartupError that names the setting that is wrong."""
    options = {"DATA_DIR": data, "HOST": host, "PORT": port, "MODEL": model}
    # Through the environment, so that whoever asks for the settings later, in this process or a child, sees the same.
    os.environ.update({f"AGENTPAY_{name}": str(value) for name, value in options.items() if value is not None})
    from pydantic import ValidationError

    from agentpay.settings import get_settings

    get_settings.cache_clear()
    try:
        return get_settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        name = name if name.startswith(("AGENTPAY_", "OPENAI_")) else f"AGENTPAY_{name}"
        raise StartupError(f"{name} is wrong: {first['msg'][:1].lower()}{first['msg'][1:]}.") from None
