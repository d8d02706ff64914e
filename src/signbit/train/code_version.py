"""Which code ran: the commit, where the package stands in a git checkout."""

import functools
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


@functools.cache
def commit() -> str | None:
    """The commit of this package, with ` and changes` behind it where its folder differs from that; None where it is
    in no checkout: installed, or copied elsewhere."""
    # An environment inside of a checkout holds packages that the checkout does not know.
    if _git("ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    head = _git("rev-parse", "HEAD")
    return f"{head} and changes" if head and _git("status", "--porcelain", "--", ".") else head


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=PACKAGE, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
