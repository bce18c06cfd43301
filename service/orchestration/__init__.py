"""A job in a dispatcher's hands: one step after another, a transaction each."""
