import os
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from beatd.clock import SystemClock
from beatd.core.registry import Registry
from beatd.errors import CommandFailedError, RequestFailedError, TaskRefusedError
from beatd.worker.builtin import HTTP, SHELL, register_builtins


@pytest.fixture
def tasks():
    def make(allow_shell=(), allow_http=()):
        registry = Registry()
        register_builtins(registry, allow_shell, allow_http, SystemClock())
        return registry.tasks[SHELL].function, registry.tasks[HTTP].function

    return make


@pytest.fixture
def shell(tasks):
    return tasks(["*"])[0]


def test_a_command_gives_exit_code_output_and_duration(shell):
    result = shell(["sh", "-c", "echo out; echo err >&2"])
    assert result["exit_code"] == 0
    assert result["tail"] == "out\nerr\n"
    assert 0 <= result["seconds"] < 10


def test_another_exit_code_is_a_failure_with_the_output(shell):
    with pytest.raises(CommandFailedError, match=r"'sh' ended with exit code 3; its output: 'no space\\n'"):
        shell(["sh", "-c", "echo no space; exit 3"])


def test_a_command_that_is_killed_is_a_failure(shell):
    with pytest.raises(CommandFailedError, match="was killed by SIGTERM"):
        shell(["sh", "-c", "kill -TERM $$"])


def test_only_the_end_of_the_output_is_kept(shell):
    assert shell(["sh", "-c", "yes ö | head -c 3000000; printf end"], tail=5)["tail"] == "ö\nend"
    assert shell(["echo", "x"], tail=0)["tail"] == ""


def test_at_the_time_limit_the_command_and_what_it_started_are_killed(shell, tmp_path, until):
    with pytest.raises(CommandFailedError, match=r"did not end within 0.3 s and was killed; its output: 'begun\\n'"):
        shell(["sh", "-c", f"echo begun; sleep 60 & echo $! > {tmp_path}/pid; wait"], timeout=0.3)
    pid = int((tmp_path / "pid").read_text())
    until(
        lambda: (
            subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False).stdout[:1]
            in (b"", b"Z")
        )
    )


def test_a_process_left_behind_does_not_hold_the_task_up(shell):
    before = time.monotonic()
    assert shell(["sh", "-c", "sleep 60 & echo done"])["tail"] == "done\n"
    assert time.monotonic() - before < 5


def test_a_command_that_is_not_there_is_a_failure(shell):
    with pytest.raises(CommandFailedError, match=r"'no-such-command' cannot be run: .*No such file"):
        shell(["no-such-command"])
    with pytest.raises(CommandFailedError, match="cannot be run: embedded null byte"):
        shell(["echo", "a\0b"])


def test_folder_and_variables_are_given_to_the_command(shell, tmp_path):
    result = shell(["sh", "-c", "pwd; echo $SHOP; test -n $PATH"], cwd=str(tmp_path), env={"SHOP": "one"})
    assert result["tail"] == f"{tmp_path}\none\n"


@pytest.mark.parametrize("argv", ["echo x", [], [1], None, {"a": 1}])
def test_argv_must_be_a_list_of_words(shell, argv):
    with pytest.raises(TaskRefusedError, match="argv must be a list of words"):
        shell(argv)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"timeout": "abc"}, "timeout must be a number of seconds above 0, not 'abc'"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0, not 0"),
        ({"timeout": True}, "timeout must be a number of seconds above 0, not True"),
        ({"timeout": float("nan")}, "timeout must be a number of seconds above 0, not nan"),
        ({"tail": "x"}, "tail must be a whole number, not 'x'"),
        ({"cwd": 3}, "cwd must be text, not 3"),
        ({"env": {"PORT": 80}}, "env must be names with texts, such as {'LANG': 'C'}, not {'PORT': 80}"),
    ],
)
def test_an_argument_of_another_kind_is_named_with_its_value(shell, given, sentence):
    with pytest.raises(TaskRefusedError, match=f"^{re.escape(sentence)}$"):
        shell(["true"], **given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url": 3}, "url must be text, not 3"),
        ({"method": None}, "method must be text, not None"),
        ({"timeout": "abc"}, "timeout must be a number of seconds above 0, not 'abc'"),
        ({"expect": "200"}, "expect must be a status such as 204, or a list of them, not '200'"),
        ({"headers": ["a"]}, "headers must be names with texts, such as {'Accept': '*/*'}, not ['a']"),
        ({"body": {"a": 1}}, "body must be text, not {'a': 1}"),
    ],
)
def test_an_argument_of_a_request_of_another_kind_is_named_with_its_value(tasks, given, sentence):
    with pytest.raises(TaskRefusedError, match=f"^{re.escape(sentence)}$"):
        tasks(allow_http=["*"])[1](**{"url": "http://127.0.0.1:1/", **given})


def test_an_argument_that_is_missing_or_unknown_is_told_with_the_tasks_name(tasks):
    shell, http = tasks(["*"], ["*"])
    with pytest.raises(TypeError, match=r"^beatd\.shell\(\) missing 1 required positional argument: 'argv'$"):
        shell()
    with pytest.raises(TypeError, match=r"^beatd\.http\(\) got an unexpected keyword argument 'uri'"):
        http(uri="http://127.0.0.1:1/")


def test_nothing_is_allowed_unless_the_settings_say_so_and_the_refusal_says_which(tasks, tmp_path):
    shell, http = tasks()
    with pytest.raises(TaskRefusedError, match=r"do not allow the command line 'touch .*allow_shell in \[beatd\]"):
        shell(["touch", str(tmp_path / "x")])
    with pytest.raises(TaskRefusedError, match=r"do not allow the URL 'http://localhost/a'.*allow_http in \[beatd\]"):
        http("http://localhost/a?token=secret")
    assert not (tmp_path / "x").exists()


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.close_connection = True
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path == "/slow":
            time.sleep(1)
        self.send_response(503 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write(f"{self.command} {self.path} {self.headers.get('X-Shop')}".encode())

    def do_POST(self):
        self.send_response(201)
        self.end_headers()
        self.wfile.write(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


@pytest.fixture
def site(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_gives_status_body_and_duration(tasks, site):
    http = tasks(allow_http=[site + "/*"])[1]
    result = http(site + "/ping?x=1", headers={"X-Shop": "one"})
    assert (result["status"], result["tail"]) == (200, "GET /ping?x=1 one")
    assert http(site + "/new", method="POST", body="{}", expect=[201])["tail"] == "{}"


def test_an_unexpected_status_is_a_failure(tasks, site):
    http = tasks(allow_http=[site + "/*"])[1]
    with pytest.raises(RequestFailedError, match="/broken answered 503; its body: 'GET /broken None'"):
        http(site + "/broken")
    assert http(site + "/broken", expect=503)["status"] == 503
    with pytest.raises(RequestFailedError, match="answered 200"):
        http(site + "/ping", expect=[204, 205])


def test_no_answer_in_time_is_a_failure(tasks, site):
    with pytest.raises(RequestFailedError, match=r"GET .*/slow failed: timed out"):
        tasks(allow_http=["*"])[1](site + "/slow", timeout=0.1)


def test_nobody_there_is_a_failure(tasks):
    with pytest.raises(RequestFailedError, match=r"GET http://127.0.0.1:1/ failed: .*refused"):
        tasks(allow_http=["*"])[1]("http://127.0.0.1:1/?token=secret")


def test_a_redirection_is_followed_only_to_where_it_is_allowed(tasks, site):
    http = tasks(allow_http=[site + "/to/*", site + "/ping"])[1]
    assert http(site + "/to//ping")["tail"].startswith("GET /ping")
    for target in ("/secret", "http://169.254.169.254/meta"):
        with pytest.raises(TaskRefusedError, match="allow_http"):
            http(site + "/to/" + target)
    with pytest.raises(RequestFailedError, match="answered 302"):
        http(site + "/to/file:///etc/passwd")
