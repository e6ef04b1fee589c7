"""Errors that end a command instead of a request."""

from __future__ import annotations


class StartupError(Exception):
    """AgentPay cannot start as configured. The message is one clear sentence, free of secrets; the CLI prints it and exits 2."""
