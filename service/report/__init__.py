"""The report of a finished job: every arm compared with uniform, causes of a gain, a verdict."""

from service.report.build import VERSION, build_report

__all__ = ["VERSION", "build_report"]
