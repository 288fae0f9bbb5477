"""TLS, with a certificate made for the test."""

import subprocess

import pytest

from beatd.clock import SystemClock
from beatd.rediskit.server import Server
from tests.servers.absence import require_program
from tests.servers.port import free_port


@pytest.fixture
def certificate(tmp_path):
    require_program("openssl")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=beatd"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *more], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def port(start_redis, certificate):
    tls = free_port()
    key = certificate.with_name("key.pem")
    options = f"--tls-port {tls} --tls-cert-file {certificate} --tls-key-file {key} --tls-auth-clients no"
    start_redis(*options.split())
    return tls


def _server(port, options):
    return Server(f"rediss://127.0.0.1:{port}/0?{options}", "tests", SystemClock())


def test_a_certificate_that_is_known_is_trusted(port, certificate):
    assert _server(port, f"ssl_ca_certs={certificate}").run("look", 0, ["celery"]) == b""


def test_an_unknown_certificate_is_refused(port, refused):
    assert "CERTIFICATE_VERIFY_FAILED" in refused(_server(port, ""))


def test_the_name_in_the_certificate_counts_unless_told_otherwise(port, certificate, refused):
    url = f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}"
    assert "Hostname mismatch" in refused(Server(url, "tests", SystemClock()))


def test_verification_may_be_switched_off(port):
    assert _server(port, "ssl_cert_reqs=none").run("look", 0, ["celery"]) == b""


def test_a_certificate_file_that_is_not_there_is_named(port, refused):
    assert "absent.pem" in refused(_server(port, "ssl_ca_certs=/absent.pem"))
