"""Requests as bytes, in the form of Redis' protocol."""


def request(*words: str | bytes | float) -> bytes:
    """Return a request of these words in one piece, so that it is written at once."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if type(word) is bytes else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)
