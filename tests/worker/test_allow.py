import pytest

from beatd.worker.allow import allows_command, allows_url, command_line

ALLOWED = [
    ("backup.sh nightly", ["backup.sh", "nightly"]),
    ("backup.sh *", ["backup.sh"]),
    ("backup.sh *", ["backup.sh", "a", "b c", "two\nlines"]),
    ("*", ["anything", "at", "../all"]),
    ("pg_dump --file=/backup/* shop", ["pg_dump", "--file=/backup/monday", "shop"]),
    ("echo 'two words'", ["echo", "two words"]),
    ("cat ../notes", ["cat", "../notes"]),
    ("/opt/scripts/*", ["/opt/scripts/report"]),
]
REFUSED = [
    ("backup.sh nightly", ["backup.sh", "nightly", "--evil"]),
    ("backup.sh nightly", ["backup.sh"]),
    ("backup.sh nightly", ["backup.sh nightly"]),
    ("backup.sh nightly", ["backup.sh", "nightly\n"]),
    ("backup.sh *", ["backup.sh "]),
    ("backup.sh *", ["backup.shx"]),
    ("backup.sh *", ["sh", "-c", "backup.sh x"]),
    ("/opt/scripts/*", ["/opt/scripts/../../bin/sh"]),
    ("/opt/scripts/*", ["/opt/scripts/report", "--evil"]),
    ("/opt/scripts/*", ["/opt/scripts/a\nb"]),
    ("/opt/scripts/* *", ["/opt/scripts/..", "x"]),
    ("cat /var/log/*", ["cat", "/var/log/../../etc/passwd"]),
    ("cat /var/log/*", ["cat", "/var/log/x", "/etc/passwd"]),
    ("backup.sh", ["BACKUP.SH"]),
    ("echo 'open", ["echo", "open"]),
    ("", [""]),
    ("", []),
    ("*", []),
]


@pytest.mark.parametrize(("pattern", "words"), ALLOWED)
def test_a_command_line_is_allowed(pattern, words):
    assert allows_command([pattern], words)


@pytest.mark.parametrize(("pattern", "words"), REFUSED)
def test_a_command_line_is_refused(pattern, words):
    assert not allows_command([pattern], words)


def test_without_patterns_nothing_is_allowed():
    assert not allows_command([], ["true"])
    assert not allows_url([], "https://example.com/")


def test_a_folder_or_variables_must_be_allowed_too():
    for more in ({"cwd": "/tmp", "env": None}, {"cwd": None, "env": {"PATH": "/tmp"}}):
        words = command_line(["backup.sh", "x"], **more)
        assert not allows_command(["backup.sh *"], words)
        assert allows_command(["env * backup.sh x"], words)
    assert command_line(["a"], cwd="/srv", env={"LANG": "C"}) == ["env", "--chdir=/srv", "LANG=C", "a"]


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://api.example.com/*", "https://api.example.com/ping?x=1"),
        ("https://api.example.com/*", "https://API.example.com:443/ping"),
        ("https://api.example.com*", "https://api.example.com/ping"),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://*.example.com/ping", "https://eu.example.com/ping"),
        ("http://localhost:8000/*", "http://localhost:8000/@me"),
        ("https://*", "https://example.com/a/b"),
        ("*", "http://example.com/"),
    ],
)
def test_a_url_is_allowed(pattern, url):
    assert allows_url([pattern], url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://api.example.com/*", "http://api.example.com/"),
        ("https://api.example.com*", "https://api.example.com.evil.net/"),
        ("https://api.example.com*", "https://api.example.com@evil.net/"),
        ("https://api.example.com/*", "https://api.example.com:8443/"),
        ("https://*.example.com/*", "https://evil.net/x.example.com/"),
        ("https://*.example.com/*", "https://evil.net%2f.example.com/"),
        ("https://*.example.com/*", "https://evil.net\\.example.com/"),
        ("https://*.example.com/*", "https://evil.net#.example.com/"),
        ("https://example.com/public/*", "https://example.com/public/../admin"),
        ("https://example.com/public/*", "https://example.com/public/%2e%2e/admin"),
        ("https://example.com/public/*", "https://example.com/public/%252e%252e%252fadmin"),
        ("https://example.com/*", "https://example.com/a\nb"),
        ("https://example.com", "https://example.com/admin"),
        ("*", "file:///etc/passwd"),
        ("*", "ftp://example.com/"),
        ("*", "https:///x"),
        ("*", "https://[x/"),
        ("*", ""),
        ("file:///*", "file:///etc/passwd"),
    ],
)
def test_a_url_is_refused(pattern, url):
    assert not allows_url([pattern], url)
