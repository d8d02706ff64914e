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
