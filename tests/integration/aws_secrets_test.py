"""Secrets by reference on AWS: read inside the function with its own role, at the versions that the release pins. The emulator checks
the role's policy; nothing that mdl sends or gets holds a value."""

import json
import sys
import unittest

from aws_harness import AwsTest

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
HANDLER = """
import os
word = os.environ["DB_PASSWORD"]  # at import, as services do
def answer(event, context):
    return {"length": len(word), "last": word[-1], "left": sorted(k for k in os.environ if k.startswith("MDL_"))}
"""
SERVER = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = (os.environ["DB_PASSWORD"][-1] + os.environ["TOKEN"][-1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Secrets(AwsTest):
    def make_secret(self, value):
        return self.botocore("made = client('secretsmanager').create_secret(Name=sys.argv[1], SecretString=sys.argv[2])\n"
                             "print(json.dumps(made['ARN']))", self.name, value)

    def handler(self):
        self.write({"app.py": HANDLER})
        self.set(build={"python": PYTHON}, http={"handler": "app.answer"},
                 secrets={"DB_PASSWORD": {"from": "aws-secrets:" + self.name}})

    def told(self):
        return json.loads(self.aws("invoke").out)

    def assert_nowhere(self, *values):
        for request in self.recorder.requests:
            for value in values:
                self.assertNotIn(value, request["body"])
        for value in values:
            self.assertNotIn(value, json.dumps(self.configuration()))

    def policies(self):
        return self.botocore("""
iam, role = client("iam"), sys.argv[1]
print(json.dumps({name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
                  for name in iam.list_role_policies(RoleName=role)["PolicyNames"]}))""", f"mdl-{self.name}-eu-eu-central-1")

    def test_handler_reads_what_its_release_pins(self):
        self.handler()
        arn = self.make_secret("first-secret-1")
        self.aws("deploy")
        self.assertEqual(self.told(), {"length": 14, "last": "1", "left": []})
        self.assertEqual(self.policies()["mdl-1"],
                         [{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [arn]}])
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.botocore("client('secretsmanager').put_secret_value(SecretId=sys.argv[1], SecretString='second-secret-2')", self.name)
        self.assertEqual(self.told()["last"], "1")
        self.assertEqual(self.aws("deploy", "-o", "json").json()["serving"]["release"], 2)
        self.assertEqual(self.told()["last"], "2")
        self.aws("rollback")
        self.assertEqual(self.told()["last"], "1")
        self.assert_nowhere("first-secret-1", "second-secret-2")
        self.botocore("client('secretsmanager').delete_secret(SecretId=sys.argv[1], ForceDeleteWithoutRecovery=True)", self.name)
        refused = self.aws("rollback", code=None)
        self.assertNotEqual(refused.code, 0)
        self.assertIn("DB_PASSWORD", refused.out + refused.err)
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_service_with_both_stores(self):
        self.write({"server.py": SERVER})
        self.set(http={"command": ["python3", "server.py"]}, build={"python": PYTHON},
                 secrets={"DB_PASSWORD": {"from": "aws-secrets:" + self.name}, "TOKEN": {"from": f"aws-ssm:/{self.name}/token"}})
        missing = self.aws("deploy", code=1)
        self.assertIn(f"secret DB_PASSWORD (aws-secrets:{self.name}): it is not there", missing.err)
        self.make_secret("a-password-7")
        self.botocore("client('ssm').put_parameter(Name=sys.argv[1], Value='a-token-8', Type='SecureString')", f"/{self.name}/token")
        self.aws("deploy")
        self.assertEqual(self.ask().body, b"78")
        self.assertEqual([s["Action"] for s in self.policies()["mdl-1"]], [["secretsmanager:GetSecretValue"], ["ssm:GetParameter"]])
        self.assert_nowhere("a-password-7", "a-token-8")
        self.aws("destroy", "-y")

    def test_what_the_role_may_not_read_is_told(self):
        """With a role of the user's own, which lacks the permission."""
        self.handler()
        self.make_secret("never-told-9")
        role = self.botocore("""
role = client("iam").create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]
print(json.dumps(role["Arn"]))""")
        self.set(targets={"eu": {"provider": "aws", "role": role}})
        failed = self.aws("deploy", code=None)
        self.assertNotEqual(failed.code, 0)
        self.assertIn("secret DB_PASSWORD cannot be read", failed.out + failed.err)
        self.assertIn("AccessDenied", failed.out + failed.err)
        self.aws("destroy", "-y")

    def test_secrets_of_this_machine_are_refused(self):
        self.handler()
        self.set(secrets={"DB_PASSWORD": {"from": "env:HOME"}})
        self.assertIn("would stand in the function's configuration", self.aws("deploy", code=1).err)

    def test_zz_requests_keep_to_the_models(self):
        self.check_models()


if __name__ == "__main__":
    unittest.main()
