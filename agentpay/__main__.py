"""`python -m agentpay` is `agentpay`."""

from agentpay.cli import main

if __name__ == "__main__":
    main()
