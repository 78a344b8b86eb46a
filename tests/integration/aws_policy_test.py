"""`mdl policy`: what it prints is what the calls need, and no more. The emulator enforces policies; the recorder says what was called."""

import json
import random
import unittest

from aws_function_harness import ACCOUNT, FunctionTest, refusal
from harness import FULL, SEED

# What AWS asks for beside the action of the operation itself.
ALSO = {"lambda:CreateFunction": ("lambda:TagResource", "iam:PassRole"), "lambda:GetFunction": ("lambda:ListTags",),
        "iam:CreateRole": ("iam:TagRole",), "logs:CreateLogGroup": ("logs:TagResource",)}
# The emulator knows these by the name of another action on the same path.
TAKEN_FOR = {"lambda:GetAlias": "lambda:ListAliases", "lambda:UpdateAlias": "lambda:ListAliases",
             "lambda:DeleteAlias": "lambda:ListAliases", "lambda:UpdateFunctionUrlConfig": "lambda:CreateFunctionUrlConfig",
             "lambda:DeleteFunctionUrlConfig": "lambda:CreateFunctionUrlConfig",
             "lambda:PutProvisionedConcurrencyConfig": "lambda:UpdateFunctionCode",
             "lambda:DeleteProvisionedConcurrencyConfig": "lambda:DeleteFunction",
             "lambda:GetProvisionedConcurrencyConfig": "lambda:GetFunction",
             "lambda:DeleteFunctionConcurrency": "lambda:PutFunctionConcurrency"}
# The emulator does not find out what these are about, and denies them unless they are allowed on everything; AWS does find out.
ON_ANYTHING = {"lambda:CreateFunction", "lambda:TagResource", "lambda:UntagResource", "ssm:GetParametersByPath", "ssm:DeleteParameters"}
NAMED_OTHERWISE = {"lambda:Invoke": "lambda:InvokeFunction"}


class Policy(FunctionTest):
    users = 0
    golden = "[]"  # so that each release is started to see whether it does

    def setUp(self):
        super().setUp()
        (self.folder / "lambda_function.py").write_text("def lambda_handler(event, context):\n    return 'Hello, '\n")

    def document(self, phase, *arguments):
        return json.loads(self.aws("policy", "--for", phase, "--account", ACCOUNT, *arguments).out)

    def user(self, document):
        """Keys of a new user who may do what the document says and nothing else."""
        Policy.users += 1
        program = """
iam = client("iam")
iam.create_user(UserName=sys.argv[1])
iam.put_user_policy(UserName=sys.argv[1], PolicyName="p", PolicyDocument=sys.argv[2])
key = iam.create_access_key(UserName=sys.argv[1])["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""
        # What is allowed on versions and aliases is asked about the function here; on AWS about NAME:QUALIFIER.
        statements = [one | {"Action": self.taken_for(one), "Resource": one["Resource"] +
                             [name.removesuffix(":*") for name in one["Resource"] if ":function:" in name]}
                      for one in document["Statement"]]
        wide = [action for one in statements for action in one["Action"] if action in ON_ANYTHING]
        if wide:
            statements.append({"Effect": "Allow", "Action": sorted(set(wide)), "Resource": "*"})
        text = json.dumps(document | {"Statement": statements})
        key, secret = self.botocore(program, f"user{self.users}", text)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    def taken_for(self, statement):
        return sorted({TAKEN_FOR.get(action, action) for action in statement["Action"]})

    def can_be_missed(self, document, sid):
        """Whether the emulator can tell that the statement is not there: by an action that is asked for and no other has."""
        others = {action for one in document["Statement"] if one["Sid"] != sid for action in self.taken_for(one)}
        own = next(one for one in document["Statement"] if one["Sid"] == sid)
        return bool(set(self.taken_for(own)) - others)

    def under(self, keys, *command, code=0):
        kept = dict(self.env)
        self.env |= keys
        try:
            return self.aws(*command, code=code)
        finally:
            self.env = kept

    def actions_since(self, mark):
        found = set()
        for name in self.checked(self.recorder.requests[mark:])["operations"]:
            found.add(NAMED_OTHERWISE.get(name, name))
            found.update(ALSO.get(name, ()))
        return {name for name in found if not name.startswith("sts:")}

    def actions(self, document):
        return {action for one in document["Statement"] for action in one["Action"]}

    def change_by_hand(self):
        program = """
client("iam").update_assume_role_policy(RoleName=f"mdl-{sys.argv[1]}-eu-central-1", PolicyDocument=
    '{"Version":"2012-10-17","Statement":[]}')
client("lambda").update_function_url_config(FunctionName=sys.argv[1], Qualifier="live", InvokeMode="RESPONSE_STREAM")
"""
        self.botocore(program, f"{self.name}-eu")

    def test_each_phase_passes_under_its_policy_and_calls_all_of_it(self):
        keep = {"rollout": {"keep": 1}}
        self.target("{ provider: aws }", **keep)
        keys = {phase: self.user(self.document(phase)) for phase in ("plan", "deploy", "rollback", "scale", "destroy")}
        mark = len(self.recorder.requests)
        self.under(keys["plan"], "plan")
        self.assertEqual(self.actions_since(mark), self.actions(self.document("plan")))

        mark = len(self.recorder.requests)
        self.under(keys["deploy"], "deploy")
        self.target("{ provider: aws }", scale={"min": 1, "max": 3}, **keep)
        ready = self.document("deploy")
        self.under(self.user(ready), "deploy")
        self.target("{ provider: aws }", env={"LEVEL": "debug"}, **keep)
        self.greet("Hallo, ")
        self.change_by_hand()
        self.under(keys["deploy"], "deploy")
        self.greet("Hullo, ")
        self.under(keys["deploy"], "deploy")
        called = self.actions_since(mark)
        self.assertEqual(called - (self.actions(ready) - self.actions(self.document("deploy"))), self.actions(self.document("deploy")))

        # What only some cases need: an alias that was changed by hand, one that could not be deleted at once.
        self.botocore("""
client("lambda").update_alias(FunctionName=sys.argv[1], Name="live", Description="by hand")
""", f"{self.name}-eu")
        once = [refusal(500, "ServiceException")] * 8
        self.recorder.before = lambda r: once.pop() if once and r["method"] == "DELETE" and "/aliases/" in r["path"] else None
        for phase, command in (("scale", ["scale", "--min", "1", "--max", "2"]), ("rollback", ["rollback"]), ("destroy", ["destroy", "-y"])):
            mark = len(self.recorder.requests)
            wanted = self.actions(self.document(phase))
            self.under(keys[phase], *command)
            if phase == "scale":
                self.under(keys[phase], "scale", "--min", "0")
            with self.subTest(phase):
                self.assertEqual(self.actions_since(mark), wanted)
        self.assertEqual(self.left(), [])

    def test_each_statement_is_needed(self):
        """Without any one of them the phase fails, with AWS's words. A sample; all with MDL_TEST_FULL=1."""
        self.aws("deploy")
        documents = [(phase, self.document(phase)) for phase in ("plan", "rollback")]
        cases = [(phase, one["Sid"]) for phase, document in documents for one in document["Statement"]
                 if self.can_be_missed(document, one["Sid"])]
        if not FULL:
            cases = random.Random(SEED).sample(cases, 6)
        self.greet("Hallo, ")
        self.aws("deploy")
        for phase, sid in cases:
            document = self.document(phase)
            document["Statement"] = [one for one in document["Statement"] if one["Sid"] != sid]
            with self.subTest(phase=phase, without=sid):
                done = self.under(self.user(document), phase, code=None)
                self.assertIn(done.code, (1, 3, 4), done)
                self.assertIn("AccessDenied", done.out + done.err)
                self.aws("deploy")  # whatever was half done
        self.aws("destroy", "-y")

    def test_trust_of_pipelines(self):
        branch = ("--trust", "github", "--repository", "acme/risk", "--branch", "main", "--account", ACCOUNT)
        one = json.loads(self.aws("policy", *branch).out)["Statement"][0]
        self.assertEqual(one["Condition"]["StringEquals"],
                         {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                          "token.actions.githubusercontent.com:sub": "repo:acme/risk:ref:refs/heads/main"})
        self.assertEqual(self.aws("policy", *branch[:4], code=None).code, 1)
        self.assertEqual(self.mdl("policy", *branch, "-t", "local", code=None).code, 1)

    def test_zz_requests_keep_to_the_models(self):
        self.check_models()


if __name__ == "__main__":
    unittest.main()
