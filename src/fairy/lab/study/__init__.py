"""The human study of the paper (sec. 6.2 and appendix B): raters compare two edits of a video, or judge single ones.

`build` makes a folder, `serve` shows it to raters in their browsers, `report` counts. Methods' names stay in the
folder's database: a rater's browser gets random names of files and nothing else.
"""

from fairy.lab.study.build import Built, StudyConfig, build_study

__all__ = ["Built", "StudyConfig", "build_study"]
