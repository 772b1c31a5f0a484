"""The server keeps to its machine: what it listens on, what it answers, and that it does not call out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tomllib
import warnings

import pytest

from model.cli import main
from model.files import LARGEST_FILE
from pages.components import start
from tests.running_app import ROOT, START_SECONDS, answers, get, served


def test_the_settings_keep_to_this_machine() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    server, browser = settings["server"], settings["browser"]
    assert server["address"] == browser["serverAddress"] == "127.0.0.1"
    assert server["enableCORS"]
    assert server["enableXsrfProtection"]
    assert set(server["allowedHosts"]) == {"127.0.0.1", "localhost", "::1"}
    assert start.settings("127.0.0.1", None)["server.maxUploadSize"] * 2**20 == LARGEST_FILE <= 15 * 2**20
    assert not browser["gatherUsageStats"]
    assert not settings["client"]["showErrorLinks"]


def test_what_overflows_in_a_search_does_not_reach_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name in ((start.PagesManager, "uses_pages_directory"), (start.net_util, "get_external_ip")):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "warnoptions", [])

    def serve(app: start.QuietApp, config: object) -> None:
        warnings.warn("overflow encountered in multiply", RuntimeWarning, stacklevel=1)
        warnings.warn("of ours", UserWarning, stacklevel=1)

    monkeypatch.setattr(start.QuietApp, "run", serve)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        start.main("127.0.0.1", None)
    assert [warning.category for warning in heard] == [UserWarning]


def test_listening_wider_opens_the_hosts_and_names_the_machine() -> None:
    local = start.settings("127.0.0.1", None)
    assert local.items() >= {"server.address": "127.0.0.1", "browser.serverAddress": "127.0.0.1"}.items()
    assert not {"server.port", "server.allowedHosts"} & set(local)
    assert start.settings("::1", None)["browser.serverAddress"] == "[::1]"
    assert start.settings("127.0.0.1", 9000)["server.port"] == 9000
    assert start.settings("192.0.2.7", None)["browser.serverAddress"] == "192.0.2.7"
    assert start.settings("0.0.0.0", None)["browser.serverAddress"] == socket.gethostname()
    assert start.settings("0.0.0.0", None)["server.allowedHosts"] == ["*"]


@pytest.mark.slow
def test_pages_come_with_headers_and_closed_routes_answer_nothing() -> None:
    with served() as (port, _, said):
        answer = get(port, "/")
        assert answer.status == 200
        assert {name: answer.headers[name] for name in start.HEADERS} == start.HEADERS
        assert get(port, "/_stcore/metrics").status == 404
        assert get(port, "/_stcore/agent/openapi.json").status == 404
        assert answers(port)
    assert f"http://127.0.0.1:{port}" in "\n".join(said)
    assert "listening on" not in "\n".join(said)


@pytest.mark.slow
def test_a_page_of_another_site_cannot_drive_the_app() -> None:
    """Neither from its own origin, nor under a name of its own that it lets lead to this machine."""
    knock = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with served() as (port, _, _):
        for host, origin in ((f"127.0.0.1:{port}", "http://other.example"), ("other.example", "http://other.example")):
            assert get(port, "/_stcore/stream", knock | {"Host": host, "Origin": origin}).status == 403


@pytest.mark.slow
def test_listening_wider_says_so_in_one_line() -> None:
    with served("--listen", "0.0.0.0") as (port, _, said):
        assert answers(port)
    (warning,) = [line for line in said if "listening on" in line]
    assert "0.0.0.0" in warning
    assert "without login" in warning
    assert "External URL" not in "\n".join(said)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--listen", "everywhere"], "not an IP address; valid: 127.0.0.1"),
        (["--listen", "192.0.2.7"], "cannot listen on 192.0.2.7"),
        (["--port", "70000"], "'70000' is not a port; valid: 1 to 65535"),
        (["--port", "http"], "'http' is not a port"),
    ],
)
def test_an_address_that_cannot_be_is_refused_in_one_line(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(options) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert says in said[0]


def refused(options: list[str]) -> int:
    try:
        return int(main(["app", *options]) or 0)
    except SystemExit as ended:
        return int(ended.code or 0)


def test_a_port_in_use_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(["--port", str(port)]) == 2
    assert f"port {port}: Address already in use; choose others" in capsys.readouterr().err


@pytest.mark.slow
def test_it_starts_without_a_network() -> None:
    """In a namespace of its own, where only the loopback device is up, it answers and says nothing of a failed call."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rn", "true"], check=False).returncode:
        pytest.skip("no network namespaces here: needs Linux, unshare, and the right to use it")
    inside = f"""
import signal, subprocess, sys, time, urllib.request
server = subprocess.Popen([{sys.executable!r}, "-m", "model.cli", "app", "--port", "8765"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
for _ in range({START_SECONDS}):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8765/_stcore/health", timeout=2).status)
        break
    except OSError:
        time.sleep(1)
server.send_signal(signal.SIGTERM)
print(server.communicate(timeout=20)[0])
"""
    loopback = "import fcntl, socket, struct; " + (
        "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 1))"
    )
    script = f"{loopback}\n{inside}"
    ended = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=START_SECONDS + 60,
        check=True,
    )
    status, *said = ended.stdout.splitlines()
    assert status == "200"
    assert "IP" not in "".join(said)
