"""Forms that are made from JSON schemas: plain records, and how a sent form becomes JSON."""
