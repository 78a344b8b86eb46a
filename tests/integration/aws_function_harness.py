"""What tests of a function handler on AWS share: the example, its manifest, and what the recorder saw."""

import json
import re
import shutil
import subprocess

from aws_harness import AwsTest
from harness import PROJECT

ACCOUNT = "123456789012"
MUTATING = ("Create", "Update", "Put", "Delete", "Publish", "Add", "Remove", "Tag", "Untag")


def operation(request):
    """"PUT /2015-…" or "PutParameter": enough to tell reads from writes."""
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


def refusal(status, code, message="", **members):
    """An answer as AWS's REST-JSON and JSON protocols have it."""
    body = {"__type": code, "message": message, **members}
    return status, [("x-amzn-ErrorType", code), ("Content-Type", "application/json")], json.dumps(body).encode()


class FunctionTest(AwsTest):
    golden = "[ { request: tests/john.json, expect: tests/john.out.json } ]"

    def setUp(self):
        super().setUp()
        self.folder = self.root / "hello"
        shutil.copytree(PROJECT / "examples/hello-handler", self.folder)
        self.name = "hello-" + self.id().rsplit(".", 1)[-1].replace("_", "-")[5:25].strip("-")
        self.target("{ provider: aws }")

    def target(self, target, **fields):
        """A manifest with this target; the other fields as they are given."""
        text = (f"mdl: 1\nname: {self.name}\nhttp: {{ handler: lambda_function.lambda_handler }}\n"
                f"golden: {self.golden}\n")
        for name, value in fields.items():
            text += f"{name}: {json.dumps(value)}\n"
        (self.folder / "mdl.yaml").write_text(text + f"targets:\n  eu: {target}\n")

    def greet(self, greeting):
        file = self.folder / "lambda_function.py"
        file.write_text(re.sub("'H.llo, '", repr(greeting), file.read_text()))
        (self.folder / "tests/john.out.json").write_text(json.dumps(greeting + "John"))

    def hello(self):
        return json.loads(self.aws("invoke", "--data", '{"name":"John"}').out)

    def alias(self):
        return self.botocore("print(json.dumps(client('lambda').get_alias(FunctionName=sys.argv[1], Name='live'), default=str))",
                             f"{self.name}-eu")

    def checked(self, requests):
        """The requests held against AWS's service models: how often each operation, and what is wrong with them."""
        lines = "\n".join(json.dumps(request) for request in requests)
        done = subprocess.run([str(self.emulator.python), str(PROJECT / "tests/testbed/aws/models.py")], input=lines,
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)
