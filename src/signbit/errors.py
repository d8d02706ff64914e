"""The errors of this library that a caller may want to catch; wrong arguments are ValueError and TypeError."""


class SignbitError(Exception):
    """The base of every error that is not a wrong argument."""


class ConvertError(SignbitError):
    """A module that cannot become a model file; names the module path and what to do."""


class ModelFileError(SignbitError):
    """A model file that cannot be read, or breaks a rule of ``docs/file-format.md``.

    Attributes:
        kind: the row of the page's error table, such as ``checksum``.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class IsaError(SignbitError):
    """An instruction set that the engine does not have or this processor cannot run."""


class RecipeError(SignbitError):
    """A recipe with an unknown key or a wrong value; names the file, the key and the choices."""


class RunFolderError(SignbitError):
    """A run folder cannot be used or written to; names it and says what to do."""


class RunStopped(SignbitError):
    """A run was asked to end early, and has: all of it is saved, and it can go on.

    Attributes:
        status: of the process that ends by it. 75 (EX_TEMPFAIL, "try again later") after SIGTERM or the time limit;
            not 143, which says that the signal itself ended the process, with nothing saved. 130 after Ctrl-C, so
            that a loop that starts the command again on 75 ends.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
