"""A certificate authority of our own, made with the openssl program."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_REQUEST = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
"""

_AUTHORITY = """\
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
email_in_dn = no
[anything]
commonName = supplied
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""

_START = "20200101000000Z"
_VALIDITY = ("-startdate", _START, "-enddate", "20490101000000Z")


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and key as PEM files."""

    certificate: Path
    key: Path


def _openssl(*arguments: str) -> None:
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {result.stderr}")


def _alternative(host: str) -> str:
    is_address = ":" in host or host.replace(".", "").isdigit()
    return f"{'IP' if is_address else 'DNS'}:{host}"


def _until(days: int) -> tuple[str, ...]:
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86_400 + 60))
    return ("-startdate", _START, "-enddate", end)


class Authority:
    """Lives in a folder; one that is there already is used again. With a PARENT it is an intermediate
    one; DAYS: its certificate ends that soon."""

    def __init__(self, folder: Path, name: str = "Amtspost Demo CA", parent: "Authority | None" = None,
                 days: int = 0):
        self.folder = folder
        self._parent = parent
        self._days = days
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.txt").touch()
        if not self.certificate.exists():
            self._make(name)

    def _make(self, name: str) -> None:
        config = self.folder / "ca.cnf"
        config.write_text(_REQUEST.format(name=name)
                          + _AUTHORITY.format(folder=self.folder, names="DNS:none"))
        request = self.folder / "ca.csr"
        _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", str(config),
                 "-keyout", str(self._key), "-out", str(request))
        signer = ("-selfsign", "-keyfile", str(self._key))
        if self._parent:
            signer = ("-cert", str(self._parent.certificate), "-keyfile", str(self._parent._key))
        # Valid long before now: a test's clock may be slow.
        _openssl("ca", "-batch", "-notext", *signer, "-config", str(config), "-extensions",
                 "authority", *(_until(self._days) if self._days else _VALIDITY), "-in", str(request),
                 "-out", str(self.certificate))

    def issue(self, name: str, hosts: list[str], expired: bool = False, days: int = 0) -> Certificate:
        """Makes a certificate for HOSTS (names and addresses) in the files NAME.pem and NAME.key; DAYS: it
        ends that soon."""
        config, request = self.folder / f"{name}.cnf", self.folder / f"{name}.csr"
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        config.write_text(_REQUEST.format(name=hosts[0]) + _AUTHORITY.format(
            folder=self.folder, names=",".join(map(_alternative, hosts))))
        _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", str(config),
                 "-keyout", str(made.key), "-out", str(request))
        validity = _VALIDITY
        if expired:
            validity = ("-startdate", _START, "-enddate", "20200102000000Z")
        elif days:
            validity = _until(days)
        _openssl("ca", "-batch", "-notext", "-config", str(config), "-extensions", "server", *validity,
                 "-cert", str(self.certificate), "-keyfile", str(self._key),
                 "-in", str(request), "-out", str(made.certificate))
        if self._parent:
            with open(made.certificate, "a", encoding="ascii") as chain:
                chain.write(self.certificate.read_text(encoding="ascii"))
        return made
