"""What a finished job found: each arm beside uniform, what a gain is due to, an honest verdict."""

from service.report.build import VERSION, build_report

__all__ = ["VERSION", "build_report"]
