"""What an agent can do, one tool a file. The server decides: tools re-derive prices, stock and identity from Postgres."""
