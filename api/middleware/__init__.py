"""Around the routes: ids and logs, deadlines, limits, refusals that need no route."""
