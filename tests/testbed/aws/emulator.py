"""An emulator of AWS (ministack) as a process of its own, with signatures and policies checked.

By hand:  python3 tests/testbed/aws/emulator.py    prints the variables to export; Ctrl-C ends it.
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("MDL_DEV_CACHE", "~/.cache/mdl-dev")).expanduser()
ACCOUNT, REGION = "123456789012", "eu-central-1"

# Run by the environment's Python: a user whose key is checked, as root's is not.
MAKE_USER = """
import json, sys
import botocore.session
def client(name):
    return botocore.session.Session().create_client(name, region_name="eu-central-1", endpoint_url=sys.argv[1],
        aws_access_key_id="AKIAROOTROOTROOTROOT", aws_secret_access_key="root")
iam = client("iam")
iam.create_user(UserName="mdl")
iam.put_user_policy(UserName="mdl", PolicyName="all", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
key = iam.create_access_key(UserName="mdl")["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""


def environment():
    """The virtual environment with the emulator in it, made once and kept outside the project."""
    wanted = (HERE / "requirements.txt").read_bytes()
    key = hashlib.sha256(sys.version.encode() + wanted).hexdigest()[:16]
    folder = CACHE / "environments" / f"aws-{key}"
    if not (folder / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "-r",
                        str(HERE / "requirements.txt")], check=True)
        (folder / ".complete").touch()
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """Runs while the block does; `variables` are what a client needs."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mdl-aws-"))
        self.python = environment() / "bin/python"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "MINISTACK_ACCOUNT_ID": ACCOUNT, "AUTH": "true",
                    "AWS_ACCESS_KEY_ID": "AKIAROOTROOTROOTROOT", "AWS_SECRET_ACCESS_KEY": "root", "SFTP_ENABLED": "0",
                    "IOT_MTLS_ENABLED": "0", "HOME": str(self.folder), "TMPDIR": str(self.folder),
                    # Functions find the emulator, and in their Python what managed runtimes carry.
                    "AWS_ENDPOINT_URL": self.url, "PATH": f"{self.python.parent}:{os.environ['PATH']}"}
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([str(self.python), str(HERE / "ministack_with_wrappers.py")], cwd=self.folder, env=settings,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        try:
            self._wait()
            made = subprocess.run([str(self.python), "-c", MAKE_USER, self.url], check=True, capture_output=True, text=True)
            key, secret = json.loads(made.stdout)
        except BaseException:
            self.__exit__()
            raise
        self.variables = {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                          "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
        return self

    def _wait(self):
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(self.url + "/_ministack/health", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the emulator did not start:\n" + (self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def __exit__(self, *_):
        # Its workers are processes of the same group.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    with Emulator() as emulator:
        for name, value in emulator.variables.items():
            print(f"export {name}={value}", flush=True)
        try:
            emulator.process.wait()
        except KeyboardInterrupt:
            pass
