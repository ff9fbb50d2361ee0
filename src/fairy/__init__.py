"""Fairy: instruction-guided video editing with anchor-based cross-frame attention (arXiv 2312.13834)."""

__version__ = "0.1.0"
