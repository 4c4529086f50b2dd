"""The local stack: supervised processes, and the steps that make a home ready for them."""
