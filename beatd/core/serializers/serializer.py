"""One form of a message's body: two functions, and the content type and encoding that name it on the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from beatd.errors import NotSerializableError

_AS_BYTES = frozenset({"binary", "ascii-8bit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Serializer:
    """``dumps`` makes text or bytes of a value, ``loads`` the value of text; of bytes where the encoding is "binary".

    Both may raise anything: what they raise is told with the serializer's name.
    """

    name: str
    dumps: Callable[[Any], str | bytes]
    loads: Callable[[Any], Any]
    content_type: str
    content_encoding: str

    def encode(self, parts: tuple[list[Any], dict[str, Any], dict[str, Any]]) -> bytes:
        """Return the body of args, kwargs and embed. Raises NotSerializableError."""
        try:
            written = self.dumps(parts)
            if isinstance(written, str):
                return written.encode("utf-8" if self.content_encoding in _AS_BYTES else self.content_encoding)
            return bytes(written)
        except NotSerializableError:
            raise
        except Exception as error:  # a serializer is anyone's code
            raise NotSerializableError(f"{self.name} cannot carry these arguments: {_told(error)}") from error

    def decode(self, body: bytes, encoding: str) -> Any:
        """Return what a body holds; ``encoding`` as its sender has named it. Raises ValueError."""
        try:
            return self.loads(body if encoding.lower() in _AS_BYTES else body.decode(encoding))
        except Exception as error:  # a serializer is anyone's code
            raise ValueError(f"the body is no {self.name}: {_told(error)}") from error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
