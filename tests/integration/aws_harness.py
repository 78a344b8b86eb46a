"""What tests against the emulator of AWS share: the emulator, a recorder in front of it, and the function's URL."""

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
from urllib.parse import urlsplit

from harness import PROJECT, Answer, MdlTest

sys.path.insert(0, str(PROJECT / "tests/testbed/aws"))
from emulator import Emulator  # noqa: E402
from recorder import Recorder  # noqa: E402


class AwsTest(MdlTest):
    """The target is called `eu`. Every request is kept in `recorder.requests`, and held against AWS's models at the end."""

    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator()
        cls.emulator.__enter__()
        cls.addClassCleanup(cls.emulator.__exit__)
        cls.recorder = Recorder(cls.emulator.url)
        cls.recorder.__enter__()
        cls.addClassCleanup(cls.recorder.__exit__)

    def setUp(self):
        super().setUp()
        self.env |= self.emulator.variables | {"AWS_ENDPOINT_URL": self.recorder.url}
        self.env["PATH"] = f"{self.emulator.python.parent}:{self.env['PATH']}"  # has the pip that packages need
        self.recorder.before, self.recorder.after = lambda request: None, lambda request: False
        self.recorder.edit = lambda request, status, body: None

    def write(self, files, **manifest):
        """A service's folder with these files; the manifest's fields as they are given."""
        self.name = "svc-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[5:30].strip("-")
        self.folder = self.root / "service"
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        self.manifest = {"mdl": 1, "name": self.name, "targets": {"eu": {"provider": "aws"}}}
        self.set(**manifest)

    def aws(self, *arguments, code=0, **options):
        return self.mdl(*arguments, "-t", "eu", code=code, **options)

    def botocore(self, program, *arguments):
        """Runs a program with `client(name)`, AWS's own library; what it prints is JSON."""
        before = ("import json, sys, botocore.session\n"
                  "def client(name): return botocore.session.Session().create_client(name, region_name='eu-central-1')\n")
        done = subprocess.run([str(self.emulator.python), "-c", before + program, *arguments], check=True, capture_output=True,
                              text=True, env=self.emulator.variables | {"PATH": os.environ["PATH"]})
        return json.loads(done.stdout or "null")

    def configuration(self):
        """The function's own, and that of what is live."""
        return self.botocore("print(json.dumps(client('lambda').get_function_configuration("
                             "FunctionName=sys.argv[1], Qualifier='live'), default=str))", self.name + "-eu")

    def ask(self, path="/", method="GET", body=None, headers=None, timeout=30):
        """One request to the function's URL, which the emulator knows by its host."""
        host = urlsplit(self.aws("open", "--no-input").out.strip()).netloc
        upstream = urlsplit(self.emulator.url)
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Host": host} | (headers or {}))
            reply = connection.getresponse()
            return Answer(reply.status, reply.read(), {name.lower(): text for name, text in reply.getheaders()})

    def left(self):
        """What bears this service's name at the emulator."""
        return self.botocore("""
name = sys.argv[1]
print(json.dumps(
    [f["FunctionName"] for f in client("lambda").list_functions()["Functions"] if name in f["FunctionName"]] +
    [r["RoleName"] for r in client("iam").list_roles()["Roles"] if name in r["RoleName"]] +
    [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"] if name in g["logGroupName"]] +
    [p["Name"] for p in client("ssm").get_parameters_by_path(Path="/mdl/" + name, Recursive=True)["Parameters"]]))
""", self.name)

    def check_models(self):
        """All that was sent until now keeps to AWS's service models."""
        lines = "\n".join(json.dumps(request) for request in self.recorder.requests)
        self.assertTrue(lines)
        done = subprocess.run([str(self.emulator.python), str(PROJECT / "tests/testbed/aws/models.py")], input=lines,
                              check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        print(json.dumps(found["operations"], indent=1))
        self.assertEqual(found["problems"], [])
