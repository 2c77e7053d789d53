"""Texts with another hash than Python's own, as they have in another process."""

from functools import cache
from hashlib import blake2b


@cache
def salted_kind(salt: int) -> type[str]:
    """A kind of text that hashes by this salt."""
    return type("Salted", (_Salted,), {"salt": salt})


class _Salted(str):
    salt = 0

    def __hash__(self) -> int:
        digest = blake2b(f"{self.salt}/{self}".encode("utf-8", "surrogatepass"), digest_size=7).digest()
        return int.from_bytes(digest, "big")
