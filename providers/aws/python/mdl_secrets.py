"""Reads a service's secrets at its start, as the function's own role and at the versions that its release pins: $MDL_SECRETS, names
to "ARN#version". For a parameter the version is "name:3".

As a program, `python3 mdl_secrets.py COMMAND…` becomes COMMAND with the secrets in its environment. As a module its `handler` is the
one that $MDL_HANDLER names, imported when the secrets are there.
"""

import importlib
import json
import os
import sys
import time

PATIENCE = 8  # seconds: a permission that was given a moment ago is not known everywhere yet


class Unreadable(Exception):
    pass


def value_of(session, reference):
    arn, _, version = reference.rpartition("#")
    region = arn.split(":")[3]
    if ":secretsmanager:" in arn:
        answer = session.create_client("secretsmanager", region_name=region).get_secret_value(SecretId=arn, VersionId=version)
        return answer["SecretString"] if "SecretString" in answer else answer["SecretBinary"].decode()
    answer = session.create_client("ssm", region_name=region).get_parameter(Name=version, WithDecryption=True)
    return answer["Parameter"]["Value"]


def patiently(read, name):
    import botocore.exceptions

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return read()
        except botocore.exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if not code.startswith("AccessDenied") or time.monotonic() > deadline:
                raise Unreadable(f"secret {name} cannot be read: {error}") from None
            time.sleep(0.5)


def enter_secrets():
    references = json.loads(os.environ.pop("MDL_SECRETS", "{}"))
    if not references:
        return
    sys.path.append(os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime"))  # where some managed runtimes keep botocore
    import botocore.session

    session = botocore.session.Session()
    for name, reference in references.items():
        os.environ[name] = patiently(lambda: value_of(session, reference), name)


if __name__ == "__main__":
    try:
        enter_secrets()
    except Unreadable as error:
        sys.exit(str(error))
    os.execvp(sys.argv[1], sys.argv[1:])
elif "MDL_HANDLER" in os.environ:
    enter_secrets()
    _module, _, _name = os.environ.pop("MDL_HANDLER").rpartition(".")
    handler = getattr(importlib.import_module(_module.replace("/", ".")), _name)
