"""Reports of an evaluation: a self-contained HTML page, Markdown, and plots."""

from .build import write_report

__all__ = ["write_report"]
