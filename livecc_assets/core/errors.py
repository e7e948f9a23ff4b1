"""Errors whose message is written for the person at the keyboard."""

#: Exit code of a worker that a UserError ended: trying again would change nothing. What sysexits.h calls EX_CONFIG.
EXIT_USER_ERROR = 78
#: Exit code of a worker that a PassingError ended: another try may succeed. What sysexits.h calls EX_TEMPFAIL.
EXIT_PASSING_ERROR = 75


class UserError(Exception):
    """A mistake that its user can mend: one line that names the file or setting and the remedy.

    The ``livecc`` command prints it without a traceback; inside Dagster it becomes the step's failure text.
    """


class PassingError(UserError):
    """A trouble that may pass by itself, such as a server that is away: told as any UserError, but worth another try."""


class UnreachableError(PassingError):
    """Nothing answers at an address, which may be wrong as well: a person is told at once, a worker asks again."""


class AbsentFolderError(UserError):
    """There is no such folder, or no longer."""


class MediaError(Exception):
    """A media file that cannot be used: ``reason`` is a slug for grouping, ``detail`` a sentence for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
