"""What emulators are lax in, answered as AWS was recorded to answer: put between a client and an emulator by the recorder.

- A change of code or configuration takes a while: until then GetFunction says InProgress, and every other change of the function is
  409 ResourceConflictException. RevisionId moves once more when it is done.
- A published version is Pending first. No alias may be moved to it, and it cannot be called.
- A function's role must exist; its memory and timeout keep to the ranges.
"""

import json
import re

REVISION = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)(?:/(code|configuration|versions|aliases/live|aliases|invocations))?$")


def refused(status, code, message):
    return status, [("x-amzn-ErrorType", code), ("Content-Type", "application/json")], json.dumps(
        {"Type": "User", "message": message, "Message": message}).encode()


class Strict:
    """`reads`: how often a change in progress, or a new version, is still seen so."""

    def __init__(self, reads=2):
        self.reads, self.busy, self.pending, self.seen = reads, {}, {}, []

    def attach(self, recorder):
        recorder.before, recorder.edit = self.before, self.edit
        return self

    def before(self, request):
        found = FUNCTION.search(request["path"])
        if found is None:
            if request["path"].endswith("/2015-03-31/functions") and request["method"] == "POST":
                return self.bad(json.loads(request["body"]))
            return None
        name, part = found.groups()
        if request["method"] == "GET":
            return None
        body = json.loads(request["body"]) if request["body"].startswith("{") else {}
        if part in ("code", "configuration", "versions") and self.busy.get(name):
            self.seen.append("in progress")
            return refused(409, "ResourceConflictException", "The operation cannot be performed at this time. "
                           f"An update is in progress for resource: arn:aws:lambda:eu-central-1:123456789012:function:{name}")
        if body.get("RevisionId", "").endswith("-in-progress"):
            self.seen.append("revision")
            return refused(412, "PreconditionFailedException", REVISION)
        version = body.get("FunctionVersion") or dict(p.split("=") for p in request["query"].split("&") if "=" in p).get("Qualifier")
        if part in ("aliases", "aliases/live", "invocations") and self.pending.get((name, version)):
            self.seen.append("pending")
            return refused(409, "ResourceConflictException", "The operation cannot be performed at this time. "
                           "The function is currently in the following state: Pending")
        return self.bad(body) if part == "configuration" else None

    def bad(self, body):
        memory, timeout, role = body.get("MemorySize", 128), body.get("Timeout", 3), body.get("Role", "arn:aws:iam::1:role/x")
        if not 128 <= memory <= 10240:
            return refused(400, "InvalidParameterValueException", f"'MemorySize' value failed to satisfy constraint: {memory}")
        if not 1 <= timeout <= 900:
            return refused(400, "InvalidParameterValueException", f"'Timeout' value failed to satisfy constraint: {timeout}")
        if not role.startswith("arn:aws:iam::"):
            return refused(400, "ValidationException", "'Role' failed to satisfy constraint: it is no ARN of a role")
        return None

    def edit(self, request, status, content):
        found = FUNCTION.search(request["path"])
        if found is None or status >= 300:
            return None
        name, part = found.groups()
        if request["method"] != "GET":
            if part in ("code", "configuration"):
                self.busy[name] = self.reads
            if part == "versions" and request["method"] == "POST":
                answer = json.loads(content)
                self.pending[(name, answer["Version"])] = self.reads
                return status, json.dumps(answer | {"State": "Pending", "StateReasonCode": "Creating"}).encode()
            return None
        if part is not None:
            return None
        answer = json.loads(content)
        inner, key = answer["Configuration"], (name, answer["Configuration"]["Version"])
        if key[1] == "$LATEST" and self.busy.get(name):
            self.busy[name] -= 1
            inner |= {"LastUpdateStatus": "InProgress", "RevisionId": inner["RevisionId"] + "-in-progress"}
        elif self.pending.get(key):
            self.pending[key] -= 1
            inner |= {"State": "Pending", "StateReasonCode": "Creating", "StateReason": "The function is being created."}
        else:
            return None
        return status, json.dumps(answer).encode()
