"""The life of a service on AWS Lambda, as an emulator has it."""

import json
import os
import shutil
import subprocess
import unittest

from aws_function_harness import FunctionTest, is_mutating, operation, refusal
from harness import BINARY, FULL, SEED


class Aws(FunctionTest):
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
        return self.botocore("print(client('logs').describe_log_groups(logGroupNamePrefix=sys.argv[1])"
                             "['logGroups'][0]['retentionInDays'])", f"/aws/lambda/{self.name}-eu")

    def test_shared_settings_are_never_taken_for_what_they_are_not(self):
        """Settings change back and forth, and a deploy is stopped in the middle of it: an unchanged deploy must not
        believe what was only begun."""
        self.aws("deploy")
        self.target("{ provider: aws, log-retention: 14 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), 14)
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.target("{ provider: aws, log-retention: 30 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), 30)
        self.target("{ provider: aws, log-retention: 14 }")
        refused = refusal(403, "AccessDeniedException")
        self.recorder.before = lambda r: refused if operation(r) == "PutRetentionPolicy" else None
        self.assertNotEqual(self.aws("deploy", code=None).code, 0)
        self.recorder.before = lambda r: None
        self.aws("deploy")
        self.assertEqual(self.retention(), 14)
        self.recorder.before = lambda r: refused if operation(r) == "PutParameter" else None
        self.target("{ provider: aws, log-retention: 7 }")
        self.assertNotEqual(self.aws("deploy", code=None).code, 0)
        self.recorder.before = lambda r: None
        self.target("{ provider: aws, log-retention: 14 }")
        self.aws("deploy")
        self.assertEqual(self.retention(), 14)
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
import io, zipfile
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

    def contract(self, cases, recorded=True):
        env = self.env | ({} if recorded else {"AWS_ENDPOINT_URL": self.emulator.url})
        program = os.environ.get("MDL_CONTRACT_AWS", BINARY.parent / "tests/test_contract_aws")
        done = subprocess.run([program, f"-tc={cases}"], capture_output=True, text=True, timeout=14400 if FULL else 900,
                              env=env | {"MDL_TEST_SEED": SEED, "MDL_TEST_FULL": "1" if FULL else "0"})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertIn("0 failed", done.stdout)
        print("; ".join(line.split("MESSAGE: ")[1] for line in done.stdout.splitlines() if "MESSAGE: " in line))

    def test_contract(self):
        """The suite of every provider, unchanged."""
        self.contract("*<aws>*")

    def test_contract_crash_points(self):
        """The enumeration of every provider, unchanged, at each request; a seeded sample, all with MDL_TEST_FULL=1."""
        self.contract("aws crash*")

    def test_contract_races(self):
        self.contract("aws races*", recorded=False)  # thousands of requests, a connection each behind the recorder

    def test_contract_plans(self):
        self.contract("aws plan*")

    def test_zz_requests_keep_to_the_models(self):
        """Last: all that was sent until now."""
        self.check_models()


if __name__ == "__main__":
    unittest.main()
