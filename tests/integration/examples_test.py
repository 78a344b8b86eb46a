"""The examples deploy as they are and answer what their READMEs say."""

import json
import os
import pathlib
import subprocess
import unittest

from harness import CACHE, PROJECT, MdlTest, request


def train(example, requirements, program):
    """Trains an example in the project's own folder, as scripts/quickstart does, unless it is trained."""
    folder = PROJECT / "examples" / example
    if not (folder / pathlib.Path(program).parent / "weights" / "card.json").exists():
        script = f'. scripts/lib/common.sh; . scripts/lib/python.sh; "$(make_environment "$0")/bin/python" "$1"'
        subprocess.run(["bash", "-euc", script, str(folder / requirements), str(folder / program)], cwd=PROJECT, check=True,
                       env=os.environ | {"MDL_DEV_CACHE": str(CACHE)})


class Examples(MdlTest):
    def test_credit_risk(self):
        train("credit-risk", "requirements-train.txt", "train.py")
        self.copy_example("credit-risk")
        self.mdl("deploy")
        answer = json.loads(self.mdl("invoke", "--data", "@examples/applicant.json").out)
        self.assertEqual(list(answer), ["default_probability", "decision", "model"])
        self.assertAlmostEqual(answer["default_probability"], 0.23, delta=0.01)
        self.assertEqual(answer["decision"], "approve")
        card = request(self.url() + "/model").json()
        self.assertEqual((card["rows"], round(card["test_auc"], 2)), (1000, 0.79))
        refused = self.mdl("invoke", "--data", '{"amount": -1}', code=1)
        self.assertIn("amount must be a number from 250 to 18424", refused.out + refused.err)
        self.assertIn("predictions_total", request(self.url() + "/metrics").body.decode())
        self.mdl("deploy", "--set", "env.APPROVE_BELOW=0.2")
        self.assertEqual(json.loads(self.mdl("invoke", "--data", "@examples/applicant.json").out)["decision"], "decline")
        self.mdl("rollback")
        self.assertEqual(json.loads(self.mdl("invoke", "--data", "@examples/applicant.json").out)["decision"], "approve")
        self.assertIn("scored application 65: 0.23", self.mdl("logs").out)

    def test_hello_handler(self):
        self.copy_example("hello-handler")
        self.mdl("deploy")
        self.assertEqual(self.mdl("invoke", "--data", '{"name":"John"}').out.strip(), '"Hello, John"')
        self.mdl("invoke", "--data", "{}", code=1)
        self.assertIn("KeyError: 'name'", self.mdl("logs").out)

    def test_stream(self):
        self.copy_example("stream")
        self.mdl("deploy")
        events = self.mdl("invoke", "--data", '{"prompt": "A release", "words": 3}').out
        self.assertEqual(events.count("data: "), 4)
        self.assertTrue(events.strip().endswith("data: [DONE]"))

    def test_shop(self):
        train("shop", "recommend/requirements-train.txt", "recommend/train.py")
        self.copy_example("shop")
        self.mdl("deploy")
        answer = json.loads(self.mdl("invoke", "-s", "storefront", "--data", '{"film": "Toy Story"}').out)
        self.assertEqual(answer["recommendations"][0]["title"], "Toy Story 2")
        card = json.loads(self.mdl("invoke", "-s", "recommend", "--path", "/model", "--method", "GET").out)
        self.assertGreater(card["hit_rate_at_10"], card["popularity_hit_rate_at_10"])


if __name__ == "__main__":
    unittest.main()
