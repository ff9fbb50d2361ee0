"""A page of results that needs no server: sources and edits side by side, with instruction, settings and metrics."""

from fairy.lab.gallery.page import GalleryResult, make_gallery

__all__ = ["GalleryResult", "make_gallery"]
