"""What an error says to a person, without the dress that Python puts around it."""


def sentence(error: BaseException) -> str:
    """Return the message of an error: a KeyError without its quotes, an OSError without its number."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename} cannot be used: {error.strerror}." if error.filename else error.strerror
    return str(error)
