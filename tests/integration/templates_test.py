"""What mdl init writes deploys at once."""

import unittest

from harness import MdlTest

REQUESTS = {
    "python-wsgi": ('{"text": "one two three"}', '{"words": 3}'),
    "python-asgi": ('{"text": "one two three"}', '{"words":3}'),
    "handler": ('{"name": "John"}', '"Hello, John"'),
    "sklearn": ("@request.json", '{"malignant": 0.9988}'),
    "command": ('{"text": "one two three"}', '{"words": 3}'),
    "dockerfile": ('{"text": "one two three"}', '{"words": 3}'),
}


class Templates(MdlTest):
    def check(self, template):
        self.folder = self.root / "mine"
        self.folder.mkdir()
        self.mdl("init", "--template", template)
        self.assertIn("name: mine", (self.folder / "mdl.yaml").read_text())
        self.mdl("validate")
        self.mdl("deploy")
        data, answer = REQUESTS[template]
        self.assertEqual(self.mdl("invoke", "--data", data).out.strip(), answer)

    def test_init_finds_what_is_there(self):
        self.folder = self.root / "mine"
        self.folder.mkdir()
        (self.folder / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n\n\n"
                                            "@app.get('/healthz')\ndef healthz():\n    return 'ok'\n")
        (self.folder / "requirements.txt").write_text("flask==3.1.3\n")
        found = self.mdl("init")
        self.assertRegex(found.out + found.err, r"(?s)Found app\.py.*requirements\.txt")
        self.mdl("deploy")
        self.assertEqual(self.get("/healthz").body, b"ok")
        self.assertIn("app:app", (self.folder / "mdl.yaml").read_text())


def add(template):
    setattr(Templates, "test_" + template.replace("-", "_"), lambda self: self.check(template))


for template in REQUESTS:
    add(template)

if __name__ == "__main__":
    unittest.main()
