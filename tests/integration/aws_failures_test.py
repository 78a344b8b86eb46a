"""What can go wrong on AWS: each a clear error with AWS's code and words, nothing half done, the exit code as designed."""

import json
import sys
import unittest

from aws_function_harness import FunctionTest, operation, refusal
from harness import PROJECT

sys.path.insert(0, str(PROJECT / "tests/testbed/aws"))
from strict import REVISION, Strict  # noqa: E402

DENIED = "AccessDeniedException"
# The requests of a second deploy that change something at Lambda.
SECOND = {"UpdateFunctionConfiguration": ("PUT", "/configuration"), "UpdateFunctionCode": ("PUT", "/code"),
          "PublishVersion": ("POST", "/versions"), "UpdateAlias": ("PUT", "/aliases/live")}


def is_call(request, name):
    method, end = SECOND[name]
    return request["method"] == method and request["path"].endswith(end)


class Failures(FunctionTest):
    def versions(self):
        return self.botocore("print(json.dumps([v['Version'] for v in client('lambda').list_versions_by_function("
                             "FunctionName=sys.argv[1])['Versions'][1:]]))", f"{self.name}-eu")

    def change(self):
        self.greet("Hallo, ")
        self.target("{ provider: aws }", env={"LEVEL": "debug"})

    def test_no_permission_in_the_middle(self):
        for name in SECOND:
            with self.subTest(name):
                self.name = f"hello-{name.lower()}"
                self.target("{ provider: aws }")
                self.greet("Hello, ")
                self.aws("deploy")
                self.change()
                words = f"User: arn:aws:iam::1:user/ci is not authorized to perform: lambda:{name}"
                self.recorder.before = lambda r: refusal(403, DENIED, words) if is_call(r, name) else None  # noqa: B023
                done = self.aws("deploy", code=3)
                self.assertIn(DENIED, done.err)
                self.assertIn(words, done.err)
                self.assertEqual(self.hello(), "Hello, John")
                self.recorder.before = lambda r: None
                self.assertEqual(self.versions(), ["1"])
                self.aws("deploy")
                self.assertEqual(self.hello(), "Hallo, John")
                self.aws("destroy", "-y")

    def test_a_quota_that_is_reached(self):
        self.aws("deploy")
        self.change()
        words = "Code storage limit exceeded."
        self.recorder.before = lambda r: refusal(400, "CodeStorageExceededException", words) if is_call(r, "UpdateFunctionCode") else None
        done = self.aws("deploy", code=3)
        self.assertIn("CodeStorageExceededException", done.err)
        self.assertIn(words, done.err)
        self.assertEqual(self.hello(), "Hello, John")
        self.recorder.before = lambda r: None
        self.aws("destroy", "-y")

    def test_changed_by_hand_between_plan_and_deploy(self):
        self.aws("deploy")
        self.change()
        self.aws("plan", "--out", "p.json")
        self.botocore("client('lambda').update_alias(FunctionName=sys.argv[1], Name='live', Description='mine')", f"{self.name}-eu")
        done = self.aws("deploy", "--plan", "p.json", code=5)
        self.assertIn("what is live changed", done.err)
        self.assertEqual(self.hello(), "Hello, John")
        self.aws("deploy")
        self.assertEqual(self.hello(), "Hallo, John")
        self.aws("destroy", "-y")

    def test_changed_by_hand_in_mid_deploy(self):
        """Somebody changes $LATEST between the upload and the publish: the release is what the manifest says all the same."""
        self.aws("deploy")
        self.change()
        by_hand = []

        def interfere(request):
            if is_call(request, "PublishVersion") and not by_hand:
                by_hand.append(request)
                self.botocore("client('lambda').update_function_configuration(FunctionName=sys.argv[1], MemorySize=192)", f"{self.name}-eu")
                return refusal(412, "PreconditionFailedException", REVISION)  # as AWS does; the emulator does not look at it here
            return None

        self.recorder.before = interfere
        self.aws("deploy")
        self.assertTrue(by_hand)
        self.assertNotEqual(self.configuration()["MemorySize"], 192)
        self.assertEqual(self.configuration()["Environment"]["Variables"], {"LEVEL": "debug"})
        self.assertEqual(self.hello(), "Hallo, John")
        self.aws("destroy", "-y")

    def test_the_alias_moved_by_hand_in_mid_deploy(self):
        self.aws("deploy")
        self.change()
        by_hand = []

        def interfere(request):
            if is_call(request, "UpdateAlias") and not by_hand:
                by_hand.append(request)
                self.botocore("client('lambda').update_alias(FunctionName=sys.argv[1], Name='live', Description='mine')", f"{self.name}-eu")

        self.recorder.before = interfere
        done = self.aws("deploy", code=5)
        self.assertTrue(by_hand)
        self.assertEqual(self.hello(), "Hello, John", done)
        self.recorder.before = lambda r: None
        self.aws("deploy")
        self.assertEqual(self.hello(), "Hallo, John")
        self.aws("destroy", "-y")

    def test_a_version_that_fails(self):
        self.aws("deploy")
        self.change()

        def fail(request, status, content):
            if request["method"] != "GET" or "Qualifier=2" not in request["query"] or "/functions/" not in request["path"]:
                return None
            answer = json.loads(content)
            if "Configuration" not in answer:
                return None
            answer["Configuration"] |= {"State": "Failed", "StateReasonCode": "SubnetOutOfIPAddresses",
                                        "StateReason": "Lambda was not able to set up VPC access: subnet-1 has no addresses."}
            return status, json.dumps(answer).encode()

        self.recorder.edit = fail
        done = self.aws("deploy", "-o", "json", code=3).json()
        text = json.dumps(done)
        self.assertIn("SubnetOutOfIPAddresses", text)
        self.assertIn("subnet-1 has no addresses", text)
        self.assertIn("name a larger one in vpc.subnets", text)
        self.recorder.edit = lambda request, status, body: None
        self.assertEqual(self.hello(), "Hello, John")
        self.assertEqual(self.versions(), ["1"])
        self.aws("destroy", "-y")

    def test_a_role_that_is_not_seen_yet(self):
        """Retried on the texts that mean it; any other refusal of a parameter is an error at once."""
        answers = [refusal(400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")] * 2
        self.recorder.before = lambda r: answers.pop() if answers and r["path"].endswith("/functions") else None
        self.aws("deploy")
        self.assertEqual(answers, [])
        self.aws("destroy", "-y")
        made = []

        def refuse(request):
            if request["path"].endswith("/functions") and request["method"] == "POST":
                made.append(request)
                return refusal(400, "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes")
            return None

        self.recorder.before = refuse
        done = self.aws("deploy", code=1)
        self.assertEqual(len(made), 1)
        self.assertIn("Unzipped size", done.err)
        self.recorder.before = lambda r: None
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_an_expired_sso_session(self):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.env.pop(name)
        folder = self.root / "aws"
        (folder / "sso/cache").mkdir(parents=True)
        (folder / "config").write_text("[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\n"
                                       "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n")
        self.env |= {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_PROFILE": "work", "HOME": str(self.root)}
        done = self.aws("deploy", code=1)
        self.assertIn("aws sso login", done.err)
        self.assertIn("work", done.err)

    def test_as_strict_as_aws(self):
        """Updates take a while, new versions are Pending first: nothing is called, changed or promoted before it may be."""
        strict = Strict().attach(self.recorder)
        self.aws("deploy")
        self.change()
        self.aws("deploy")
        self.assertEqual(self.hello(), "Hallo, John")
        self.aws("rollback")
        self.assertEqual(self.hello(), "Hello, John")
        self.aws("destroy", "-y")
        self.assertEqual(strict.seen, [])
        self.assertEqual(self.left(), [])

    def test_zz_requests_keep_to_the_models(self):
        self.check_models()


class Canary(FunctionTest):
    def canary(self, hold="1s", **rollout):
        self.target("{ provider: aws }", rollout={"strategy": "canary", "steps": ["10%"], "hold": hold} | rollout)

    def weights(self):
        alias = self.alias()
        return alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})

    def test_weights_are_steps_and_do_not_stay(self):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.canary()
        mark = len(self.recorder.requests)
        self.aws("deploy")
        bodies = [json.loads(r["body"]) for r in self.recorder.requests[mark:] if r["method"] == "PUT" and r["path"].endswith("/live")]
        self.assertEqual([(b["FunctionVersion"], b["RoutingConfig"]["AdditionalVersionWeights"]) for b in bodies],
                         [("1", {"2": 0.1}), ("2", {})])
        self.assertTrue(all(b["RevisionId"] for b in bodies))
        self.botocore("client('lambda').update_alias(FunctionName=sys.argv[1], Name='live', "
                      "RoutingConfig={'AdditionalVersionWeights': {'1': 0.5}})", f"{self.name}-eu")
        self.aws("deploy")
        self.assertEqual(self.weights(), ("2", {}))
        self.aws("destroy", "-y")

    def metrics(self, failing):
        """CloudWatch as it would answer: nothing at first, then many requests, of which version 2 fails the share `failing`."""
        looks = []

        def answer(request):
            if operation(request) != "GetMetricData":
                return None
            looks.append(request)
            queries = json.loads(request["body"])["MetricDataQueries"]
            results = []
            for query in queries:
                dimensions = {d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]}
                requests, errors = (2000, 10) if dimensions["ExecutedVersion"] == "1" else (400, int(400 * failing))
                value = {"c_requests": requests, "c_errors": errors, "t_3": requests}.get(query["Id"], 0)
                begun = len(looks) > 2
                results.append({"Id": query["Id"], "Timestamps": [1795550000] if begun else [], "Values": [value] if begun else []})
            body = json.dumps({"MetricDataResults": results, "Messages": []}).encode()
            return 200, [("Content-Type", "application/x-amz-json-1.0")], body

        self.recorder.before = answer
        return looks

    def gated(self, failing, code):
        self.aws("deploy")
        self.greet("Hallo, ")
        self.canary("12s", gate={"errors": "50%"})
        looks = self.metrics(failing)
        done = self.aws("deploy", code=code)
        self.recorder.before = lambda r: None
        self.assertGreater(len(looks), 2)
        return done

    def test_the_gate_stops_a_release_that_fails(self):
        done = self.gated(0.4, 3)
        self.assertIn("the gate stopped release 2", done.err)
        self.assertEqual(self.weights(), ("1", {}))
        self.assertEqual(self.hello(), "Hello, John")
        self.aws("destroy", "-y")

    def test_the_gate_lets_a_release_pass_that_is_no_worse(self):
        self.gated(0.005, 0)
        self.assertEqual(self.weights(), ("2", {}))
        self.aws("destroy", "-y")


if __name__ == "__main__":
    unittest.main()
