"""The shop itself: catalogue, stock, prices, carts, checkouts, payments, orders. It does not know that agents exist."""
