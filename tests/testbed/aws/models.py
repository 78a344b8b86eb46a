"""Holds recorded requests against AWS's own service models, as botocore ships them.

Reads JSON lines {method, path, query, headers, body} from stdin; prints one JSON object: operations with their number of
requests, and problems. botocore's own validator misses patterns, maxima and enumerations, so the shapes are walked here.
"""

import collections
import json
import re
import sys
import urllib.parse
import xml.etree.ElementTree

import botocore.session

TARGETS = {"secretsmanager": "secretsmanager", "AmazonSSM": "ssm", "Logs_20140328": "logs", "GraniteServiceVersion20100801": "cloudwatch"}
VERSIONS = {"2010-05-08": "iam", "2011-06-15": "sts"}
SESSION = botocore.session.Session()
MODELS = {name: SESSION.get_service_model(name) for name in ("lambda", "iam", "sts", "logs", "ssm", "cloudwatch", "s3", "secretsmanager")}


def measured(shape, value):
    return value if isinstance(value, (int, float)) else len(value)


def problems_of(shape, value, where):
    kind = shape.type_name
    expected = {"structure": dict, "map": dict, "list": list, "string": str, "blob": str, "boolean": bool,
                "integer": int, "long": int, "double": (int, float), "float": (int, float), "timestamp": (int, float, str)}[kind]
    if not isinstance(value, expected) or (kind in ("integer", "long") and isinstance(value, bool)):
        yield f"{where}: {value!r} is no {kind}"
        return
    limits = shape.metadata
    if kind != "blob" and not isinstance(value, bool):
        if "min" in limits and measured(shape, value) < limits["min"]:
            yield f"{where}: {value!r} is under {limits['min']}"
        if "max" in limits and measured(shape, value) > limits["max"]:
            yield f"{where}: {value!r} is over {limits['max']}"
    if isinstance(value, str) and kind == "string":
        if limits.get("enum") and value not in limits["enum"]:
            yield f"{where}: {value!r} is none of {limits['enum']}"
        pattern = limits.get("pattern")
        if pattern and not re.fullmatch(re.sub(r"\\p\{[A-Z]\}", r"\\w", pattern.replace(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]", r"[\w\s.:/=+\-@]")), value):
            yield f"{where}: {value!r} does not match {pattern}"
    if kind == "structure":
        yield from members_of(shape, value, where)
    elif kind == "list":
        for i, item in enumerate(value):
            yield from problems_of(shape.member, item, f"{where}[{i}]")
    elif kind == "map":
        for name, item in value.items():
            yield from problems_of(shape.key, name, f"{where} key")
            yield from problems_of(shape.value, item, f"{where}.{name}")


def members_of(shape, value, where):
    for name in shape.required_members:
        if name not in value:
            yield f"{where}: {name} is missing"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{where}: there is no member {name}"
        else:
            yield from problems_of(shape.members[name], item, f"{where}.{name}")


def typed(shape, text):
    if shape.type_name in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def unfolded(shape, form, prefix=""):
    """The value that a query service reads from Name.member.1.Key=…"""
    if shape.type_name == "structure":
        value = {}
        for name, member in shape.members.items():
            if any(key == prefix + name or key.startswith(prefix + name + ".") for key in form):
                value[name] = unfolded(member, form, prefix + name + ".")
        return value
    if shape.type_name == "list":
        items, i = [], 1
        while any(key.startswith(f"{prefix}member.{i}") for key in form):
            items.append(unfolded(shape.member, form, f"{prefix}member.{i}."))
            i += 1
        return items
    return typed(shape, form[prefix[:-1]])


def rest_operation(request):
    for name in MODELS["lambda"].operation_names:
        operation = MODELS["lambda"].operation_model(name)
        if operation.http["method"] != request["method"]:
            continue
        template = operation.http["requestUri"].split("?")[0].rstrip("/")
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", template)
        found = re.fullmatch(pattern, request["path"].rstrip("/"))
        if found:
            return operation, {key: urllib.parse.unquote(value) for key, value in found.groupdict().items()}
    return None, {}


def rest_value(operation, in_path, request):
    shape = operation.input_shape
    value = {}
    query = dict(urllib.parse.parse_qsl(request["query"], keep_blank_values=True))
    headers = {name.lower(): text for name, text in request["headers"].items()}
    for name, member in shape.members.items():
        where, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            value[name] = in_path[wire]
        elif where == "querystring" and wire in query:
            text = query.pop(wire)
            value[name] = [text] if member.type_name == "list" else typed(member, text)
        elif where == "header" and wire.lower() in headers:
            value[name] = typed(member, headers[wire.lower()])
    unknown = [f"query: there is no parameter {name}" for name in query]
    payload = shape.serialization.get("payload")
    if payload:
        value[payload] = request["body"]
    elif request["body"]:
        value |= json.loads(request["body"])
    return value, unknown


def s3_operation(request, query):
    """By method, depth of the path, and the member of the query that names a part of the bucket."""
    depth = "object" if request["path"].strip("/").count("/") else "bucket"
    table = {("HEAD", "object", ""): "HeadObject", ("PUT", "object", ""): "PutObject", ("PUT", "bucket", ""): "CreateBucket",
             ("PUT", "bucket", "publicAccessBlock"): "PutPublicAccessBlock",
             ("PUT", "bucket", "lifecycle"): "PutBucketLifecycleConfiguration"}
    return table.get((request["method"], depth, next(iter(query), "")))


def xml_value(shape, element):
    """What an element says, as the shape reads it."""
    tag = lambda child: child.tag.rpartition("}")[2]
    if shape.type_name == "structure":
        value = {}
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for child in element:
            name = names.get(tag(child))
            if name is None:
                value[tag(child)] = child.text
            elif shape.members[name].type_name == "list":
                value.setdefault(name, []).append(xml_value(shape.members[name].member, child))
            else:
                value[name] = xml_value(shape.members[name], child)
        return value
    return typed(shape, element.text or "")


def check_s3(request, headers):
    query = dict(urllib.parse.parse_qsl(request["query"], keep_blank_values=True))
    name = s3_operation(request, query)
    if name is None:
        return "s3", "?", [f"{request['method']} {request['path']}?{request['query']}: no operation that is known here"]
    shape = MODELS["s3"].operation_model(name).input_shape
    bucket, _, key = request["path"].strip("/").partition("/")
    value = {"Bucket": bucket} | ({"Key": key} if key else {})
    for member_name, member in shape.members.items():
        wire = member.serialization.get("name", member_name)
        if member.serialization.get("location") == "header" and wire.lower() in headers:
            value[member_name] = typed(member, headers[wire.lower()])
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name == "structure" and request["body"]:
        value[payload] = xml_value(shape.members[payload], xml.etree.ElementTree.fromstring(request["body"]))
    return "s3", name, list(members_of(shape, value, name))


def check(request):
    headers = {name.lower(): text for name, text in request["headers"].items()}
    if "/s3/aws4_request" in headers.get("authorization", ""):
        return check_s3(request, headers)
    target = headers.get("x-amz-target")
    if target:
        prefix, name = target.split(".")
        service = TARGETS[prefix]
        operation = MODELS[service].operation_model(name)
        return service, name, list(members_of(operation.input_shape, json.loads(request["body"]), name))
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        form = dict(urllib.parse.parse_qsl(request["body"], keep_blank_values=True))
        service, name = VERSIONS[form.pop("Version")], form.pop("Action")
        shape = MODELS[service].operation_model(name).input_shape
        value = unfolded(shape, form) if shape else {}
        unknown = [f"{name}: there is no parameter {key}" for key in form if not shape or key.split(".")[0] not in shape.members]
        return service, name, unknown + (list(members_of(shape, value, name)) if shape else [])
    operation, in_path = rest_operation(request)
    if operation is None:
        return "lambda", "?", [f"{request['method']} {request['path']}: no operation of the model"]
    value, unknown = rest_value(operation, in_path, request)
    return "lambda", operation.name, unknown + list(members_of(operation.input_shape, value, operation.name))


def main():
    operations, problems = collections.Counter(), []
    for line in sys.stdin:
        service, name, found = check(json.loads(line))
        operations[f"{service}:{name}"] += 1
        problems += found
    json.dump({"operations": operations, "problems": sorted(set(problems))}, sys.stdout)


if __name__ == "__main__":
    main()
