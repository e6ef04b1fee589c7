"""What the house model does for a customer after the sale, as a careful clerk: ask, say what will happen, wait for a yes."""
