"""AWS: a code update, a rollback and an unchanged deploy by mdl, beside the `aws` program, against the same emulator: ratios from one run.

    benchmarks/aws.py [ROUNDS]

MDL_BINARY names the program (default: build/release/mdl), AWS_CLI the `aws` program (default: the one of a virtual environment that is made for
it). Rounds alternate, so that what else the machine does falls on both. `aws` does not wait until a version is Active, checks nothing, and keeps no history.
"""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests/testbed/aws"))
from emulator import CACHE, Emulator  # noqa: E402
from recorder import Recorder  # noqa: E402

MDL = os.environ.get("MDL_BINARY", str(PROJECT / "build/release/mdl"))


def aws_program():
    if given := os.environ.get("AWS_CLI"):
        return given
    folder = CACHE / "environments/awscli"
    if not (folder / "bin/aws").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "awscli==1.46.2"], check=True)
    return str(folder / "bin/aws")


class Bench:
    def __init__(self, emulator, folder):
        self.folder, self.aws = folder / "hello", aws_program()
        shutil.copytree(PROJECT / "examples/hello-handler", self.folder)
        (self.folder / "mdl.yaml").write_text("mdl: 1\nname: hello\nhttp: { handler: lambda_function.lambda_handler }\n"
                                              "golden: [ { request: tests/john.json, expect: tests/john.out.json } ]\n"
                                              "targets:\n  eu: { provider: aws }\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "MDL_HOME": str(folder / "home"),
                    "AWS_DEFAULT_REGION": emulator.variables["AWS_REGION"]} | emulator.variables
        self.round = 0

    def run(self, *command):
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True)
        took = time.perf_counter() - begun
        if done.returncode:
            raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")
        return took, done.stdout

    def mdl(self, *arguments):
        return self.run(MDL, *arguments, "-t", "eu")[0]

    def cli(self, *arguments):
        return self.run(self.aws, *arguments, "--output", "json")

    def change(self):
        self.round += 1
        greeting = f"Hello{self.round}, "
        file = self.folder / "lambda_function.py"
        file.write_text(re.sub(r"'Hello\d*, '", repr(greeting), file.read_text()))
        (self.folder / "tests/john.out.json").write_text(json.dumps(greeting + "John"))

    def deployed_by_mdl(self):
        self.change()
        return self.mdl("deploy")

    def deployed_by_aws(self):
        """What is usually written into a pipeline: update the code, publish, move the alias."""
        self.change()
        with zipfile.ZipFile(self.folder.parent / "code.zip", "w") as file:
            file.write(self.folder / "lambda_function.py", "lambda_function.py")
        name = ("--function-name", "plain")
        took = self.cli("lambda", "update-function-code", *name, "--zip-file", f"fileb://{self.folder.parent}/code.zip")[0]
        more, out = self.cli("lambda", "publish-version", *name)
        took += more
        self.version = json.loads(out)["Version"]
        return took + self.cli("lambda", "update-alias", *name, "--name", "live", "--function-version", self.version)[0]

    def rolled_back_by_aws(self):
        return self.cli("lambda", "update-alias", "--function-name", "plain", "--name", "live", "--function-version", "1")[0]

    def prepare(self):
        self.mdl("deploy")
        with zipfile.ZipFile(self.folder.parent / "code.zip", "w") as file:
            file.write(self.folder / "lambda_function.py", "lambda_function.py")
        self.cli("lambda", "create-function", "--function-name", "plain", "--runtime", "python3.12", "--handler", "lambda_function.lambda_handler",
                 "--role", "arn:aws:iam::123456789012:role/mdl-hello-eu-eu-central-1", "--zip-file", f"fileb://{self.folder.parent}/code.zip", "--publish")
        self.cli("lambda", "create-alias", "--function-name", "plain", "--name", "live", "--function-version", "1")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times = {}

    def note(what, took):
        times.setdefault(what, []).append(took)

    with tempfile.TemporaryDirectory() as folder, Emulator() as emulator, Recorder(emulator.url) as recorder:
        bench = Bench(emulator, pathlib.Path(folder))
        bench.prepare()
        for _ in range(rounds):
            note("update mdl", bench.deployed_by_mdl())
            note("update aws", bench.deployed_by_aws())
            note("rollback mdl", bench.mdl("rollback"))
            note("rollback aws", bench.rolled_back_by_aws())
            bench.mdl("deploy")
            note("unchanged mdl", bench.mdl("deploy"))
        bench.env["AWS_ENDPOINT_URL"] = recorder.url
        for command in ("deploy", "rollback"):
            bench.mdl(command)
            recorder.requests.clear()
            bench.mdl(command)
            print(f"{command}, nothing to do: {len(recorder.requests)} requests")
        bench.change()
        for command in ("deploy", "rollback"):
            recorder.requests.clear()
            bench.mdl(command)
            print(f"{command}: {len(recorder.requests)} requests")
        bench.mdl("destroy", "-y")
    middle = {what: statistics.median(taken) for what, taken in times.items()}
    for what, took in middle.items():
        print(f"{what:14} {took * 1000:8.0f} ms")
    print(f"code update: {middle['update aws'] / middle['update mdl']:.1f} times as fast as three calls of aws")
    print(f"rollback: {middle['rollback aws'] / middle['rollback mdl']:.1f} times as fast as one call of aws")


if __name__ == "__main__":
    main()
