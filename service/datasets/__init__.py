"""Data sets: what a spec may name, how they are stored, and what is known of them. No torch."""
