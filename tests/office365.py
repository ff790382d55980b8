"""A clerk with Outlook/Office 365, as tests play them: settings, signing in through the pages, the token
file."""

import json
import time
from pathlib import Path
from typing import Any

from peers.dovecot import Dovecot
from peers.identity import IdentityProvider
from peers.postfix import Postfix
from runner import CLERK, Amtspost, Run, Running

TOKEN_FILE = "eurowig_office365_token.json"
USER_PASSWORD = "Wolken-3hk"


class Login:
    """`amtspost login` while it waits for the browser."""

    def __init__(self, running: Running, json_output: bool):
        self.running = running
        self._json = json_output
        self.url = self._read_url()

    def _read_url(self) -> str:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for line in self.running.output("stdout" if self._json else "stderr").splitlines():
                if self._json and "authorize_url" in line:
                    return json.loads(line)["authorize_url"]
                if not self._json and line.startswith("http"):
                    return line
            if self.running.is_over():
                run = self.running.finish()
                raise AssertionError(f"no address: {run.status} {run.stdout}{run.stderr}")
            time.sleep(0.01)
        raise AssertionError("no address in time")

    def finish(self) -> Run:
        return self.running.finish()

    def result(self, status: int = 0) -> dict:
        """The second document; the login must end with STATUS."""
        run = self.finish()
        assert run.status == status, f"{run.status} instead of {status}: {run.stdout}{run.stderr}"
        return json.loads(run.stdout.strip().splitlines()[-1])


class Clerk365:
    """The program with one clerk, named CLERK, whose account is ADDRESS."""

    def __init__(self, amtspost: Amtspost, identity: IdentityProvider, dovecot: Dovecot, address: str,
                 ca_file: Path, postfix: Postfix | None = None):
        self.amtspost, self.identity, self.dovecot, self.address = amtspost, identity, dovecot, address
        self.certificate = dovecot.certificate
        identity.add_user(address, USER_PASSWORD)
        amtspost.set_server(dovecot.tls_port, "server", ca_file=ca_file)
        amtspost.set("oauth.authority", identity.authority)
        amtspost.set("oauth.client-id", identity.CLIENT)
        amtspost.prepare("user", "add", CLERK)
        for key, value in (("interface", "office365"), ("imap.use-default", "true")):
            amtspost.set(key, value, CLERK)
        if postfix:
            amtspost.set("smtp.host", "localhost")
            amtspost.set("smtp.port", str(postfix.submissions_port))
            amtspost.set("smtp.use-default", "true", CLERK)
        amtspost.set("account", address, CLERK)

    @property
    def token_file(self) -> Path:
        return self.amtspost.data / "users" / CLERK / TOKEN_FILE

    def start(self, *arguments: str, json_output: bool = True, **options: Any) -> Login:
        running = self.amtspost.start(*(["--json"] if json_output else []), "login", "--user", CLERK,
                                      *arguments, **options)
        return Login(running, json_output)

    def sign_in(self, *arguments: str, name: str | None = None, password: str = USER_PASSWORD,
                status: int = 0, **options: Any) -> dict:
        """A whole sign-in through the pages; answers the second document."""
        login = self.start(*arguments, **options)
        self.identity.sign_in(login.url, name or self.address, password)
        return login.result(status)

    def folders(self, status: int = 0) -> Any:
        run = self.amtspost.run("--json", "folders", "--user", CLERK)
        assert run.status == status, f"{run.status} instead of {status}: {run.stdout}{run.stderr}"
        return run.json

    def needs_sign_in(self, condition: str) -> dict:
        """A use ends with status 4, and says CONDITION."""
        error = self.amtspost.fails(4, "folders", "--user", CLERK)
        assert error["condition"] == condition, error
        return error

    def status(self) -> dict:
        return self.amtspost.json("login", "status", "--user", CLERK)

    def token(self) -> dict:
        return json.loads(self.token_file.read_text(encoding="utf-8"))

    def expire(self) -> None:
        """The access token is over by the file's own account; its secrets stay sealed."""
        token = self.token()
        token["expires"] = token["issued"]
        changed = self.token_file.with_suffix(".test")
        changed.write_text(json.dumps(token), encoding="utf-8")
        changed.replace(self.token_file)

    def refreshes(self) -> int:
        return self.identity.count("token:refresh_token")
