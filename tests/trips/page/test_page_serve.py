"""`amtspost serve` looks at what it is started with, and says what is wrong with it."""

import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from page import Daemon
from peers.certificates import Authority


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)


def serve(certificate: Path, key: Path) -> tuple[str, ...]:
    return "serve", "--listen", "127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(key)


def self_signed(folder: Path, *dates: str) -> tuple[Path, Path]:
    """A certificate that holds between DATES (YYYYMMDDHHMMSSZ)."""
    key, request, certificate = folder / "own.key", folder / "own.csr", folder / "own.pem"
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-subj", "/CN=localhost",
            "-out", str(request))
    (folder / "index.txt").touch()
    config = folder / "ca.cnf"
    config.write_text(f"[ca]\ndefault_ca=o\n[o]\ndatabase={folder}/index.txt\nnew_certs_dir={folder}\n"
                      "rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    openssl("ca", "-batch", "-selfsign", "-config", str(config), "-keyfile", str(key), "-in", str(request),
            "-startdate", dates[0], "-enddate", dates[1], "-notext", "-out", str(certificate))
    return certificate, key


def test_what_is_no_pair_is_told_apart(amtspost, certificate, tmp_path):
    other, locked, nothing = tmp_path / "other.key", tmp_path / "locked.key", tmp_path / "nothing.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(other))
    openssl("pkey", "-in", str(other), "-aes256", "-passout", "pass:x", "-out", str(locked))
    nothing.write_text("nichts\n")
    for name, told, pair in (("serve-certificate", nothing, (nothing, certificate.key)),
                             ("serve-key", nothing, (certificate.certificate, nothing)),
                             ("serve-key-password", locked, (certificate.certificate, locked)),
                             ("serve-key-other", other, (certificate.certificate, other))):
        error = amtspost.fails(3, *serve(*pair))
        assert error["failure" if "failure" in error else "condition"] == name, error
        assert str(told) in error["message"] and error["advice"]


@pytest.mark.parametrize("dates, told", [(("20200101000000Z", "20210101000000Z"), "abgelaufen"),
                                         (("20480101000000Z", "20490101000000Z"), "gilt erst ab")])
def test_a_certificate_out_of_its_time_is_told(amtspost, tmp_path, dates, told):
    certificate, key = self_signed(tmp_path, *dates)
    with Daemon(amtspost, "--tls-cert", str(certificate), "--tls-key", str(key)) as daemon:
        assert told in daemon.errors and str(certificate) in daemon.errors


def test_a_good_certificate_is_no_matter(amtspost, certificate: Authority):
    with Daemon(amtspost, "--tls-cert", str(certificate.certificate), "--tls-key", str(certificate.key)) as daemon:
        assert "Hinweis" not in daemon.errors


def test_open_to_others_without_tls(amtspost):
    for address, warned in (("0.0.0.0", True), ("[::]", True), ("127.0.0.2", False)):
        with Daemon(amtspost, "--listen", f"{address}:0") as daemon:
            assert ("mitgelesen" in daemon.errors) is warned, address
            host = socket.gethostname() if warned else address
            assert re.search(rf"http://{re.escape(host)}:\d+/einrichten\?k=", daemon.errors), daemon.errors
    with Daemon(amtspost, "--listen", "0.0.0.0:0", "--trusted-proxy", "192.0.2.1") as daemon:
        assert "mitgelesen" not in daemon.errors


def test_a_hangup_does_not_end_it(amtspost):
    with Daemon(amtspost) as daemon:
        daemon.running.process.send_signal(signal.SIGHUP)
        assert daemon.person().get("/healthz").status == 200
        daemon.running.process.send_signal(signal.SIGHUP)
        assert daemon.person().get("/healthz").status == 200 and not daemon.running.is_over()
        daemon.wait_for_words("SIGHUP")  # said by the thread that is interrupted, whenever it gets its turn
