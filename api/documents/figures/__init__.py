"""Figures as SVG that needs nothing else: no script, no style sheet, no request."""
