"""Who may ask the service for something."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hsm.serving.service_limits import Refusal

# What says nothing about images: the page itself, and whether the service is well.
OPEN = frozenset({"/", "/healthz", "/readyz"})
# What a browser says of requests of the service's own page, and of its user.
_OWN = ("same-origin", "none")
_LEAST_TOKEN = 16


@dataclass(frozen=True)
class Access:
    """The rule by which requests are let in.

    Without a token only programs of the same machine are: of what a browser sends, that which comes
    from a page of the service itself. A stranger's page could otherwise send requests, under the
    address 127.0.0.1 or under a name of its own that leads there.

    Attributes:
        token: what a request must bear, `Authorization: Bearer TOKEN`; None where none need.
    """

    token: str | None = None

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < _LEAST_TOKEN:
            raise ValueError(
                f"expected a token of at least {_LEAST_TOKEN} characters. Received: "
                f"{len(self.token)}. Make one: python -c 'import secrets; "
                "print(secrets.token_urlsafe())'."
            )

    def refusal(self, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return why a request is not let in; None if it is.

        Args:
            path: what it asks for.
            headers: by name in lower case.
        """
        if self.token is None:
            return _foreign(path, headers)
        # A scheme's name has no case (RFC 9110, section 11.1).
        scheme, _, sent = headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(sent.strip(" ").encode(), self.token.encode())
        if (is_right and scheme.lower() == "bearer") or path in OPEN:
            return None
        return Refusal(
            401, "expected the header Authorization: Bearer TOKEN with the token of this service"
        )


def _foreign(path: str, headers: Mapping[str, str]) -> Refusal | None:
    host = headers.get("host", "")
    if not is_loopback(_split(f"//{host}").hostname or ""):
        return Refusal(
            403,
            f"expected a request to localhost. Received one to {host!r}. To be reached by that "
            "name, the service must be started with a token",
        )
    origin = headers.get("origin")
    if origin is not None and _split(origin).netloc != host:
        return Refusal(403, f"expected a request of this page. Received one of {origin!r}")
    # For a picture that a page shows no origin is sent. A link may lead here from anywhere.
    site = headers.get("sec-fetch-site", _OWN[0])
    if site not in _OWN and path not in OPEN:
        return Refusal(403, f"expected a request of this page. Received one that is {site!r}")
    return None


def _split(address: str) -> SplitResult:
    """Return the parts of an address; empty ones if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Return whether an address or a name is that of the machine for itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_access(host: str, token: str | None) -> Access:
    """Return the rule for a service that listens at `host`.

    Raises:
        ValueError: without a token for a host that others reach, or with one that is too short.
    """
    if token is None and not is_loopback(host):
        raise ValueError(
            f"expected a token for a service that other machines reach. Received: host={host!r} "
            "without one. Name a file that holds it as `token_file`, or set HSM_SERVE_TOKEN."
        )
    return Access(token)
