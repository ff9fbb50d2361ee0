"""Every error that Fairy raises on purpose. The command line prints one as one line and exits with its `exit_code`."""


class FairyError(Exception):
    """The world is not as it must be: a file, a model, a device. Exit code 1."""

    exit_code = 1


class UsageError(FairyError, ValueError):
    """An argument or a setting is wrong: the message says what was given and what is accepted. Exit code 2."""

    exit_code = 2


class MediaError(FairyError):
    """A video, picture or folder of pictures cannot be read."""


class OutputError(FairyError):
    """A result cannot be written where it was asked for."""


class ModelError(FairyError):
    """A model cannot be found, is of another kind, or is unsafe to load."""


class MissingPackageError(FairyError):
    """An optional package is not installed. The message carries the command that installs it."""


class WorkerError(FairyError):
    """Work that was given to other processes cannot be done there."""


class TrainingError(FairyError):
    """Training cannot begin or go on: its data cannot be read, or the loss is no number any more."""
