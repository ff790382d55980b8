"""A stand-in for Microsoft's sign-in on loopback: oidc-provider with Microsoft's paths, habits and errors,
and everything that a test wants to change or to know about it while it runs.

The program is identity/main.mjs. It ends with us: its standard input is our lifeline.
"""

import hashlib
import http.client
import json
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import forms, node, processes
from .certificates import Certificate

SCOPES = ("https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
          "offline_access openid profile")
START_SECONDS = 20


def hashed(secret: str) -> str:
    """How the journal shows a secret."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


class IdentityProvider:
    """`with IdentityProvider() as identity:`. With CERTIFICATE it speaks https too. REDIRECT_URIS are
    registered for both applications beside amtspost's own; the port of a loopback address is ignored.
    Codes, access and refresh tokens begin with MARK, so that a program that tells one is caught."""

    CLIENT = "6f1b0a52-3c1e-4c58-9d0e-a1b2c3d4e5f6"  # public: no secret, PKCE only
    CONFIDENTIAL_CLIENT = "0d9c2f7e-58b1-4f0a-8a35-5e4d3c2b1a09"
    CLIENT_SECRET = "Geheim-7Qx~app.secret_0123456789-ABCDEF"
    CALLBACK = "http://localhost/oauth/callback"

    def __init__(self, certificate: Certificate | None = None, redirect_uris: tuple[str, ...] = (),
                 application: str = "Amtspost", mark: str = ""):
        self.folder = Path(tempfile.mkdtemp(prefix="amtspost-identity-", dir="/tmp"))
        self.port = self.tls_port = self.control_port = 0
        self.tenant = ""  # its id, instead of "organizations"
        self.addresses: dict[str, tuple[str, ...]] = {}  # user name -> mailboxes
        self._certificate = certificate
        self._redirect_uris = {client: [self.CALLBACK, *redirect_uris]
                               for client in (self.CLIENT, self.CONFIDENTIAL_CLIENT)}
        self._application = application
        self._mark = mark
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "IdentityProvider":
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    @property
    def authority(self) -> str:
        """The value for oauth.authority."""
        return f"http://localhost:{self.port}"

    @property
    def tls_authority(self) -> str:
        return f"https://localhost:{self.tls_port}"

    @property
    def introspection_url(self) -> str:
        """For mail servers (RFC 7662, POST with `token`)."""
        return f"http://127.0.0.1:{self.control_port}/introspect"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = processes.spawn(
                node.program("identity", "main.mjs"), cwd=self.folder, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self._process.stdin.write(json.dumps(self._configuration()).encode() + b"\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError(f"the identity provider does not start: {self.log}")
        ports = json.loads(line)
        self.port, self.tls_port = ports["port"], ports["tlsPort"]
        self.control_port, self.tenant = ports["controlPort"], ports["tenant"]

    def stop(self) -> None:
        if self._process:
            for pipe in (self._process.stdin, self._process.stdout):
                pipe.close()
            processes.stop(self._process)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # People

    def add_user(self, name: str, password: str, *, addresses: tuple[str, ...] | None = None,
                 claims: dict[str, str] | None = None, admin: bool = False) -> None:
        """NAME is what the person types (the user principal name). ADDRESSES are the mailboxes that are
        theirs (default: NAME). CLAIMS stand in the id token (default: preferred_username = NAME; {} for
        none; `upn`, `email`, `name` are the others)."""
        self.addresses[name] = addresses or (name,)
        self.control("user", name=name, password=password, addresses=list(self.addresses[name]),
                     claims={"preferred_username": name} if claims is None else claims, admin=admin)

    def change_user(self, name: str, **values: Any) -> None:
        """Changes some of `addresses`, `claims`, `admin`, `locked`."""
        self.addresses[name] = tuple(values.get("addresses", self.addresses[name]))
        self.control("user", name=name, **values)

    def set_password(self, name: str, password: str) -> None:
        """As at Microsoft: refresh tokens end (AADSTS50173), access tokens live until they expire."""
        self.control("password", name=name, password=password)

    def revoke(self, name: str | None = None, aadsts: int = 50173) -> None:
        """Ends all codes and tokens of NAME, or everybody's; refreshing then answers AADSTS."""
        self.control("revoke", name=name, aadsts=aadsts)

    def revoke_access_tokens(self, name: str | None = None) -> None:
        """The mail servers refuse the present access tokens; refreshing still works."""
        self.control("revoke", name=name, kinds=["AccessToken"])

    def forget_consent(self, name: str) -> None:
        self.control("forget-consent", name=name)

    # Applications

    def set_client(self, client: str, **values: Any) -> None:
        """Adds or changes an application: `name`, `redirectUris`, `secret` (None: public),
        `secretExpired`."""
        self.control("client", id=client, **values)

    def add_redirect_uri(self, uri: str, client: str = CLIENT) -> None:
        self._redirect_uris[client].append(uri)
        self.set_client(client, redirectUris=self._redirect_uris[client])

    def require_admin_consent(self, required: bool = True) -> None:
        """Whether people may not consent themselves. Consents of administrators are taken back."""
        self.control("admin-consent", given=False)
        self.control("set", adminConsentRequired=required)

    def give_admin_consent(self, client: str = CLIENT) -> None:
        """What an administrator does on the page of `admin_consent_url`."""
        self.control("admin-consent", client=client, given=True)

    # Tokens

    def set_lifetimes(self, **seconds: int) -> None:
        """Of tokens issued from now on: `access`, `refresh`, `code`; `grace`: how long a former refresh
        token still works."""
        self.control("set", lifetimes=seconds)

    def set_token_letters(self, count: int) -> None:
        """How long access tokens are; 2100 at first."""
        self.control("set", tokenLength=count)

    def rotate_strictly(self, strict: bool = True) -> None:
        """True: a former refresh token ends the whole sign-in (invalid_grant). False, as at Microsoft:
        it still works for a while."""
        self.control("set", strict=strict)

    def issue_token(self, name: str, scope: str = SCOPES, lifetime: int | None = None) -> str:
        """An access token without any sign-in, for tests of mail servers alone."""
        return self.control("issue", name=name, scope=scope, lifetime=lifetime,
                            client=self.CLIENT)["access_token"]

    def introspect(self, token: str) -> dict:
        """`active` and, if so, `username`, `addresses`, `scope`, `exp`."""
        return json.loads(self._post("introspect", f"token={token}".encode()))

    # Answers to be forced on the next TIMES requests (-1: all) to an ENDPOINT: token, authorize,
    # interaction, adminconsent

    def force(self, endpoint: str = "token", times: int = 1, **answer: Any) -> None:
        """What ANSWER may hold: `status`, `headers`, `body`; `bytes`: the body is repeated up to so many
        (-1: for ever); `rate`: bytes a second, one by one; `stall`: no answer at all; `close`: the
        connection is dropped. Before the real answer: `delay` (seconds) or `hold` (until release());
        `lose`: the request is carried out, but its answer never arrives."""
        self.control("force", endpoint=endpoint, times=times, **answer)

    def force_error(self, error: str, aadsts: int, text: str | None = None, times: int = 1,
                    endpoint: str = "token", **answer: Any) -> None:
        """A refusal in Microsoft's form; ANSWER as for force() (`status`, `headers`, `delay` …), `more`:
        further members of the JSON (suberror, claims)."""
        self.force(endpoint, times, error=error, aadsts=aadsts, text=text, **answer)

    def release(self) -> None:
        """Lets the requests go on that `hold` keeps waiting."""
        self.control("release")

    def waiting(self) -> int:
        """How many requests `hold` keeps waiting."""
        return self.control("waiting")["waiting"]

    def go_offline(self) -> None:
        """Refuses connections until go_online() or reset(); introspection still works, as mail servers need
        no sign-in service for tokens that they know."""
        self.control("online", online=False)

    def go_online(self) -> None:
        self.control("online", online=True)

    def refuse_sign_in(self, error: str, aadsts: int, text: str | None = None, times: int = 1) -> None:
        """The next sign-ins end, after the password, with ERROR at the application's address."""
        self.control("refuse", error=error, aadsts=aadsts, text=text, times=times)

    def decline_consent(self, times: int = 1) -> None:
        """The next consents are declined without a page: access_denied."""
        self.control("set", declines=times)

    def reset(self) -> None:
        """Plain service again: no forced answers, nothing held, counted or noted, the lifetimes and habits
        of the start. People, applications and tokens stay."""
        self.control("reset")

    # What was asked

    def counts(self) -> dict[str, int]:
        """Requests since the start or reset() by endpoint: authorize, token, token:refresh_token,
        token:authorization_code, adminconsent, interaction, introspect; login and consent are the
        pages' forms."""
        return self.control("counts")

    def count(self, name: str) -> int:
        return self.counts().get(name, 0)

    def requests(self, endpoint: str | None = None) -> list[dict]:
        """The journal: `endpoint`, `tenant`, `method`, `path`, `headers`, `parameters` (secrets replaced
        by `hashed(secret)`), `at`, `status` (None: still open)."""
        return [entry for entry in self.control("journal") if endpoint in (None, entry["endpoint"])]

    # Sign-in without a browser

    def sign_in(self, url: str, name: str, password: str, consent: bool = True,
                visit: bool = True) -> forms.SignIn:
        """See forms.sign_in; peers.browser does the same with Chromium."""
        return forms.sign_in(url, name, password, consent, visit)

    def control(self, command: str, **values: Any) -> Any:
        """One command of the control port."""
        given = {key: value for key, value in values.items()
                 if value is not None or key in ("secret", "name") and command == "client"}
        return json.loads(self._post(command, json.dumps(given).encode()))

    def _post(self, command: str, content: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=30)
        try:
            connection.request("POST", f"/{command}", content)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{command}: {answer.decode()}")
        return answer

    def _configuration(self) -> dict:
        clients = [{"id": client, "name": self._application, "redirectUris": uris}
                   for client, uris in self._redirect_uris.items()]
        clients[1]["secret"] = self.CLIENT_SECRET
        values: dict[str, Any] = {"clients": clients, "mark": self._mark}
        if self._certificate:
            values |= {"certificate": str(self._certificate.certificate),
                       "key": str(self._certificate.key)}
        return values
