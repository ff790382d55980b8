"""The other side of the sign-in, as small as it can be: with it the tests prove that the identity provider
works, so that a later failure is the program's."""

import base64
import hashlib
import http.client
import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from .identity import SCOPES, IdentityProvider

REDIRECT_URI = "http://localhost:65000/oauth/callback"  # nobody listens there


@dataclass(frozen=True)
class Answer:
    """What the token endpoint said."""

    status: int
    headers: http.client.HTTPMessage  # looked up without regard to case
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def claims(self) -> dict:
        """What the id token says of the person."""
        part = self.json["id_token"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Flow:
    """One authorization-code flow with PKCE; `url` is the address to open."""

    def __init__(self, provider: IdentityProvider, redirect_uri: str = REDIRECT_URI,
                 client: str | None = None, secret: str | None = None, tenant: str = "organizations",
                 scope: str = SCOPES, **more: str):
        self.provider, self.redirect_uri = provider, redirect_uri
        self.state, self.verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        self._client = {"client_id": client or provider.CLIENT}
        if secret:
            self._client["client_secret"] = secret
        self._base = f"/{tenant}/oauth2/v2.0"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        self.url = f"{provider.authority}{self._base}/authorize?" + urlencode({
            "client_id": self._client["client_id"], "response_type": "code", "response_mode": "query",
            "redirect_uri": redirect_uri, "scope": scope, "state": self.state,
            "code_challenge": challenge.rstrip(b"=").decode(), "code_challenge_method": "S256", **more})

    def redeem(self, code: str, **changes: str) -> Answer:
        return self.ask(**{"grant_type": "authorization_code", "code": code,
                           "redirect_uri": self.redirect_uri, "code_verifier": self.verifier} | changes)

    def refresh(self, refresh_token: str, **changes: str) -> Answer:
        return self.ask(**{"grant_type": "refresh_token", "refresh_token": refresh_token} | changes)

    def ask(self, **form: str) -> Answer:
        """A request to the token endpoint."""
        connection = http.client.HTTPConnection(urlsplit(self.provider.authority).netloc, timeout=30)
        try:
            connection.request("POST", f"{self._base}/token", urlencode(self._client | form),
                               {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
