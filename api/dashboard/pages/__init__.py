"""The pages of the dashboard: what each shows, as plain values."""
