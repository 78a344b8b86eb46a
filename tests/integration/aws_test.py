"""AWS Lambda, as the emulator ministack has it: signatures and policies are checked, zips really run.

Every request that is sent here is held against AWS's own service models.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

from harness import BINARY, PROJECT, MdlTest

sys.path.insert(0, str(PROJECT / "tests/testbed/aws"))
from emulator import Emulator  # noqa: E402
from recorder import Recorder  # noqa: E402

MUTATING = ("Create", "Update", "Put", "Delete", "Publish", "Add", "Remove", "Tag", "Untag")


def operation(request):
    """"lambda:PUT /2015-…" or "ssm:PutParameter": enough to tell reads from writes."""
    target = request["headers"].get("X-Amz-Target")
    if target:
        return target.split(".")[1]
    if request["body"].startswith("Action="):
        return request["body"][7:].split("&")[0]
    return f"{request['method']} {request['path']}"


def is_mutating(request):
    name = operation(request)
    if " " in name:
        return not name.startswith("GET ") and not name.endswith("/invocations")
    return name.startswith(MUTATING)


class Aws(MdlTest):
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
        self.recorder.before, self.recorder.after = lambda request: None, lambda request: False
        self.folder = self.root / "hello"
        shutil.copytree(PROJECT / "examples/hello-handler", self.folder)
        self.name = "hello-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[5:25].strip("-")
        self.manifest("eu: { provider: aws }")

    def manifest(self, target, **changes):
        text = (f"mdl: 1\nname: {self.name}\nhttp: {{ handler: lambda_function.lambda_handler }}\n"
                "golden: [ { request: tests/john.json, expect: tests/john.out.json } ]\n")
        for name, value in changes.items():
            text += f"{name}: {json.dumps(value)}\n"
        (self.folder / "mdl.yaml").write_text(text + f"targets:\n  {target}\n")

    def aws(self, *arguments, code=0):
        return self.mdl(*arguments, "-t", "eu", code=code)

    def greet(self, greeting):
        file = self.folder / "lambda_function.py"
        file.write_text(re.sub("'H.llo, '", repr(greeting), file.read_text()))
        (self.folder / "tests/john.out.json").write_text(json.dumps(greeting + "John"))

    def hello(self):
        return json.loads(self.aws("invoke", "--data", '{"name":"John"}').out)

    def botocore(self, program, *arguments):
        """What a program with AWS's own client library prints; it speaks to the emulator without the recorder."""
        return subprocess.run([str(self.emulator.python), "-c", program, *arguments], check=True, capture_output=True,
                              text=True, env=self.emulator.variables | {"PATH": os.environ["PATH"]}).stdout

    def left(self):
        """What bears this service's name at the emulator, asked by AWS's own client library."""
        program = """
import json, sys, botocore.session
def client(name): return botocore.session.Session().create_client(name, region_name="eu-central-1")
name = sys.argv[1]
print(json.dumps(
    [f["FunctionName"] for f in client("lambda").list_functions()["Functions"] if name in f["FunctionName"]] +
    [r["RoleName"] for r in client("iam").list_roles()["Roles"] if name in r["RoleName"]] +
    [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"] if name in g["logGroupName"]] +
    [p["Name"] for p in client("ssm").get_parameters_by_path(Path="/mdl/" + name, Recursive=True)["Parameters"]]))
"""
        return json.loads(self.botocore(program, self.name))

    def test_life_of_a_handler(self):
        first = self.aws("deploy", "-o", "json").json()
        self.assertEqual((first["ok"], first["serving"]["release"]), (True, 1))
        self.assertEqual(self.hello(), "Hello, John")
        self.greet("Hallo, ")
        self.assertEqual(self.aws("deploy", "-o", "json").json()["serving"]["release"], 2)
        self.assertEqual(self.hello(), "Hallo, John")
        self.assertEqual(self.aws("rollback", "-o", "json").json()["serving"]["release"], 1)
        self.assertEqual(self.hello(), "Hello, John")
        releases = self.aws("releases", "-o", "json").json()["releases"]
        self.assertEqual([(r["number"], r["how"], r["state"]) for r in releases],
                         [(3, "rollback to 1", "live"), (2, "deploy", "restorable"), (1, "deploy", "restorable")])
        self.assertIn(" ok ", self.aws("status").out)
        self.aws("scale", "--max", "3")
        self.assertIn('"max": 3', self.aws("scale", "--max", "3", "-o", "json").out)
        self.greet("Hello, ")
        self.aws("logs", "--tail", "5")
        self.assertTrue(self.left())
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_unchanged_deploy_is_four_reads(self):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.aws("deploy")
        mark = len(self.recorder.requests)
        self.assertIn("Nothing to do", self.aws("deploy").out)
        made = [operation(r) for r in self.recorder.requests[mark:]]
        self.assertEqual([name for name in made if "Parameter" not in name], [n for n in made if n.startswith("GET ")])
        self.assertEqual(len(made), 4, made)
        self.assertEqual(self.aws("plan", "--detailed-exitcode").code, 0)
        self.aws("rollback")
        self.aws("deploy")  # compares with what serves, not with what was put up last
        self.assertEqual(self.hello(), "Hallo, John")
        self.aws("destroy", "-y")

    def retention(self):
        program = """
import sys, botocore.session
logs = botocore.session.Session().create_client("logs", region_name="eu-central-1")
print(logs.describe_log_groups(logGroupNamePrefix=sys.argv[1])["logGroups"][0]["retentionInDays"])
"""
        return self.botocore(program, f"/aws/lambda/{self.name}-eu").strip()

    def test_shared_settings_are_never_taken_for_what_they_are_not(self):
        """Settings change back and forth, and a deploy is stopped in the middle of it: an unchanged deploy must not
        believe what was only begun."""
        self.aws("deploy")
        self.manifest("eu: { provider: aws, log-retention: 14 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), "14")
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.manifest("eu: { provider: aws, log-retention: 30 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), "30")
        self.manifest("eu: { provider: aws, log-retention: 14 }")
        refused = (403, [("x-amzn-ErrorType", "AccessDeniedException")], b'{"__type":"AccessDeniedException"}')
        self.recorder.before = lambda r: refused if operation(r) == "PutRetentionPolicy" else None
        self.assertNotEqual(self.aws("deploy", code=None).code, 0)
        self.recorder.before = lambda r: None
        self.aws("deploy")
        self.assertEqual(self.retention(), "14")
        self.recorder.before = lambda r: refused if operation(r) == "PutParameter" else None
        self.manifest("eu: { provider: aws, log-retention: 7 }")
        self.assertNotEqual(self.aws("deploy", code=None).code, 0)
        self.recorder.before = lambda r: None
        self.manifest("eu: { provider: aws, log-retention: 14 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), "14")
        self.assertEqual(self.aws("plan", "--detailed-exitcode").code, 0)
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_connections_are_kept(self):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.aws("deploy")
        requests, connections = len(self.recorder.requests), self.recorder.connections
        self.aws("rollback")
        made, opened = len(self.recorder.requests) - requests, self.recorder.connections - connections
        self.assertGreater(made, 40)
        self.assertLess(opened, made / 2)  # as many as the widest rounds of reads have requests at once
        self.aws("destroy", "-y")

    def test_rollback_is_one_call_to_lambda(self):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.aws("deploy")
        mark = len(self.recorder.requests)
        self.aws("rollback")
        made = [r for r in self.recorder.requests[mark:] if is_mutating(r) and "Parameter" not in operation(r)]
        self.assertEqual([(r["method"], r["path"].rsplit("/", 2)[1:]) for r in made], [("PUT", ["aliases", "live"])])
        body = json.loads(made[0]["body"])
        self.assertEqual(body["RoutingConfig"], {"AdditionalVersionWeights": {}})
        self.assertIn("RevisionId", body)
        self.aws("destroy", "-y")

    def test_another_machine_rolls_back(self):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.aws("deploy")
        shutil.rmtree(self.home, ignore_errors=True)
        self.aws("rollback")
        self.assertEqual(self.hello(), "Hello, John")
        self.aws("destroy", "-y")

    def test_names_of_others_are_left_alone(self):
        program = """
import sys, io, zipfile, botocore.session
def client(name): return botocore.session.Session().create_client(name, region_name="eu-central-1")
role = client("iam").create_role(RoleName="other-" + sys.argv[1], AssumeRolePolicyDocument="{}")["Role"]["Arn"]
data = io.BytesIO()
with zipfile.ZipFile(data, "w") as file: file.writestr("a.py", "")
client("lambda").create_function(FunctionName=sys.argv[1], Runtime="python3.12", Handler="a.b", Role=role,
                                 Code={"ZipFile": data.getvalue()})
"""
        self.botocore(program, f"{self.name}-eu")
        for command in (["deploy"], ["destroy", "-y"], ["status"]):
            done = self.aws(*command, code=None)
            if command != ["status"]:
                self.assertEqual(done.code, 1, done)
                self.assertIn("mdl did not make it", done.err + done.out)
        self.assertIn(f"{self.name}-eu", self.left())

    def test_credentials_that_are_refused(self):
        self.env["AWS_SECRET_ACCESS_KEY"] = "wrong-secret-of-mine"
        done = self.aws("deploy", code=1)
        self.assertIn("InvalidSignatureException", done.err + done.out)
        self.assertNotIn("wrong-secret-of-mine", done.err + done.out)

    def test_answers_lost_and_refused_once(self):
        """The answer of every mutating request of a first deploy is lost once; the deploy gets through all the same."""
        lost = set()

        def lose(request):
            key = (operation(request), request["body"][:200])
            if not is_mutating(request) or key in lost:
                return False
            lost.add(key)
            return True

        self.recorder.after = lose
        done = self.aws("deploy", code=None)
        for _ in range(20):
            if done.code == 0:
                break
            done = self.aws("deploy", code=None)
        self.recorder.after = lambda request: False
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.hello(), "Hello, John")
        self.assertGreater(len(lost), 8)
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_contract(self):
        """The suite of every provider, unchanged."""
        program = os.environ.get("MDL_CONTRACT_AWS", BINARY.parent / "tests/test_contract_aws")
        done = subprocess.run([program, "-tc=*<aws>*"], env=self.env, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertIn("0 failed", done.stdout)

    def test_zz_requests_keep_to_the_models(self):
        """Last: all that was sent until now."""
        lines = "\n".join(json.dumps(request) for request in self.recorder.requests)
        self.assertTrue(lines)
        done = subprocess.run([str(self.emulator.python), str(PROJECT / "tests/testbed/aws/models.py")], input=lines,
                              check=True, capture_output=True, text=True)
        found = json.loads(done.stdout)
        print(json.dumps(found["operations"], indent=1))
        self.assertEqual(found["problems"], [])


if __name__ == "__main__":
    unittest.main()
