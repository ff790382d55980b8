"""`check`: who is to blame and what is to be done, down to the setting that the advice names."""

from peers.fake_smtp import FakeSmtp
from runner import CLERK, MARK
from test_check import broken


def test_a_shared_login_of_smtp(amtspost):
    """The password to be set anew is that of the protocol."""
    with FakeSmtp(passwords={}) as server:
        amtspost.set_server(server.port)
        amtspost.add_clerk()
        for key, value in (("host", "localhost"), ("port", server.port), ("tls", "none"),
                           ("username", "sammel"), ("password", MARK)):
            amtspost.set(f"smtp.{key}", str(value))
        amtspost.set("smtp.use-default", "true", CLERK)
        step = broken(amtspost, "smtp", "login", "login-refused-shared", 4)
        assert "settings set smtp.password -“" in step["advice"]
