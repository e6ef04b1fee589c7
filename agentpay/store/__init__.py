"""Everything that is stored: tables, sessions, Redis, checkpoints and the embedded servers."""
