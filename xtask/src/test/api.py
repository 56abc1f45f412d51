"""Schemathesis over everything that the API says of itself, as each role, each against a server of its own.

No reply is a 5xx, each has a status, headers and a body as described, and none holds data of another client. In the end
the caller must still be signed in: otherwise most of it would have been refused at the door.

SENDRY_BIN is the server; SENDRY_API_EXAMPLES how many calls are drawn for each operation beside those at its edges.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SENDRY_API_EXAMPLES", "6")
PASSWORD = "correct horse battery"
FOREIGN = "word-of-the-other-client"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "no_data_of_another_client",
]
ENDS_THE_SESSION = ["/api/auth/logout", "/api/auth/refresh", "/api/auth/sessions/{sessionId}"]
# A stream has no end that a caller could wait for.
ENDLESS = ["/api/live"]
# The members of the first client; the super admin is no member.
MEMBERS = ["viewer", "operator", "admin"]


class Server:
    def __init__(self, folder):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        self.url = f"http://{address}"
        settings = {"SENDRY_ADDR": address, "SENDRY_DATA_DIR": folder, "SENDRY_REGISTRATION": "open"}
        settings |= {"SENDRY_LOG": "error"}
        self.process = subprocess.Popen([os.environ["SENDRY_BIN"], "serve"], env=os.environ | settings)
        for _ in range(600):
            try:
                requests.get(f"{self.url}/healthz", timeout=5).raise_for_status()
                return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise SystemExit("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def post(self, browser, path, body):
        reply = browser.post(self.url + path, json=body, timeout=30)
        reply.raise_for_status()
        return reply.json() if reply.text else {}


def account(name):
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}


def hit(word):
    return {"serviceName": word, "endpoint": f"/{word}", "method": "GET", "statusCode": 500, "latencyMs": 1, "error": word}


def furnish(server):
    """A client with members and hits, and another one whose data all hold a word. Who is signed in, by role."""
    browsers = {"super": requests.Session()}
    server.post(browsers["super"], "/api/auth/onboard", account("first"))
    keys = {}
    for client, word in [(1, "shop"), (2, FOREIGN)]:
        server.post(browsers["super"], "/api/clients", {"name": word})
        keys[word] = server.post(browsers["super"], f"/api/clients/{client}/keys", {"name": word})["key"]
        sent = requests.post(f"{server.url}/api/hits", json=[hit(word)] * 3, headers={"x-api-key": keys[word]}, timeout=30)
        sent.raise_for_status()
    for role in MEMBERS + ["stranger"]:
        browsers[role] = requests.Session()
        user = server.post(browsers[role], "/api/auth/register", account(role))["user"]["id"]
        client = 2 if role == "stranger" else 1
        member = {"user": user, "role": "admin" if role == "stranger" else role}
        server.post(browsers["super"], f"/api/clients/{client}/members", member)
    return browsers, keys["shop"]


def draw(server, folder, arguments, foreign):
    command = [str(Path(sys.executable).with_name("st")), "run", f"{server.url}/api/openapi.json"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1"]
    command += ["--continue-on-failure", "--no-shrink", "--generation-database", "none", "--checks", ",".join(CHECKS)]
    command += ["--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30"]
    told = {"SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(HERE), "SENDRY_FOREIGN": foreign}
    told |= {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}
    ran = subprocess.run(
        command + arguments, cwd=folder, env=os.environ | told, capture_output=True, text=True, timeout=900
    )
    figures = re.search(r"Tested: (\d+)[\s\S]*?(\d+) generated", ran.stdout)
    operations, calls = figures.groups() if figures else ("0", "0")
    well = ran.returncode == 0 and int(operations) > 0
    if not well:
        print(ran.stdout, ran.stderr, sep="\n")
    return well, f"{operations} operations, {calls} calls"


def play(role):
    with tempfile.TemporaryDirectory(prefix="sendry-api-") as folder, Server(f"{folder}/data") as server:
        browsers, key = furnish(server)
        if role == "key":
            return draw(server, folder, ["-H", f"x-api-key: {key}", "--include-path-regex", "^/api/hits?$"], FOREIGN)
        if role == "nobody":
            return draw(server, folder, [], FOREIGN)
        cookie = browsers[role].cookies["sendry_access"]
        arguments = ["-H", f"Cookie: sendry_access={cookie}"]
        for path in ENDS_THE_SESSION + ENDLESS:
            arguments += ["--exclude-path", path]
        well, said = draw(server, folder, arguments, "" if role == "super" else FOREIGN)
        me = requests.get(f"{server.url}/api/auth/me", cookies={"sendry_access": cookie}, timeout=30)
        return well and me.status_code == 200, said if me.status_code == 200 else f"{said}; signed out on the way"


def main():
    passed = failed = 0
    for role in ["nobody", "key", *MEMBERS, "super"]:
        start = time.monotonic()
        well, said = play(role)
        passed, failed = (passed + 1, failed) if well else (passed, failed + 1)
        print(f"{'ok' if well else 'FAILED'}: as {role}: {said} in {time.monotonic() - start:.0f} s", flush=True)
    print(f"{passed} passed\n{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
