"""Projects of several services."""

import json
import unittest

from harness import MdlTest, Traffic

CALLER = """
import json, os, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{}"
        if self.path != "/healthz":
            body = urllib.request.urlopen(os.environ["MDL_URL_BACK"]).read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Projects(MdlTest):
    def project(self):
        self.service("back", folder="project/back")
        self.back = self.folder
        self.service("front", folder="project/front", files={"server.py": CALLER}, needs=["back"])
        (self.folder / "server.py").write_text(CALLER)
        self.folder = self.root / "project"
        root = {"mdl": 1, "services": ["front/", "back/"], "targets": {"local": {}}}
        (self.folder / "mdl.yaml").write_text(json.dumps(root))
        for name in ("front", "back"):
            path = self.folder / name / "mdl.yaml"
            manifest = json.loads(path.read_text())
            del manifest["targets"]
            path.write_text(json.dumps(manifest))

    def set_version(self, version, **env):
        path = self.back / "mdl.yaml"
        manifest = json.loads(path.read_text())
        manifest["env"] = {"VERSION": version} | env
        manifest["rollout"] = {"start-timeout": "3s"}
        path.write_text(json.dumps(manifest))

    def urls(self):
        services = self.mdl("status", "-o", "json").json()["services"]
        return {service["service"]: service["url"] for service in services}

    def test_a_service_finds_the_one_that_it_needs(self):
        self.project()
        self.mdl("deploy")
        with Traffic(self.urls()["front"]) as traffic:
            self.set_version("2")
            self.mdl("deploy", "-s", "back")
        self.assertEqual(traffic.failures, [])
        answer = self.mdl("invoke", "-s", "front", "--method", "GET")
        self.assertEqual(json.loads(answer.out)["version"], "2")
        self.mdl("destroy", "-y")

    def test_one_that_fails_keeps_all_back(self):
        self.project()
        self.mdl("deploy")
        self.set_version("2", FAULT="crash")
        front = self.folder / "front" / "mdl.yaml"
        manifest = json.loads(front.read_text())
        front.write_text(json.dumps(manifest | {"env": {"VERSION": "2"}}))
        self.mdl("deploy", code=3)
        services = self.mdl("status", "-o", "json").json()["services"]
        self.assertEqual({service["service"]: service["live"][0]["release"] for service in services}, {"front": 1, "back": 1})


if __name__ == "__main__":
    unittest.main()
