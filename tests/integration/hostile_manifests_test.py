"""Manifests that mean harm get a located error, in bounded time and memory."""

import unittest

from harness import SLOWER, MdlTest

LIMIT_SECONDS = 0.5 * SLOWER  # the promise is 0.1 s on an idle machine
LIMIT_BYTES = 100 * 1024 * 1024 * (4 if SLOWER > 1 else 1)

HEAD = b"mdl: 1\nname: app\nhttp: { entry: 'app:app' }\n"
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9)) for letter in range(ord("b"), ord("j")))

HOSTILE = {
    "a megabyte of flow nesting": HEAD + b"env: " + b"[" * 1_000_000,
    "a megabyte of map nesting": HEAD + b"env: " + b"{a: " * 250_000,
    "deep block nesting": HEAD + b"".join(b" " * depth + b"a:\n" for depth in range(1_400)),
    "nesting just over the limit": HEAD + b"env: " + b"[" * 100 + b"]" * 100 + b"\n",
    "an alias bomb": HEAD + BOMB,
    "NUL bytes": HEAD + b"env: { A: 'x\0y' }\n",
    "only NUL bytes": b"\0" * 100_000,
    "no UTF-8": HEAD + b"env: { A: '\xff\xfe\xfa' }\n",
    "duplicate keys": HEAD + b"name: other\n",
    "ten thousand targets": HEAD + b"targets:\n" + b"".join(b"  t%d: { provider: nowhere }\n" % n for n in range(10_000)),
    "a list for every text": b"mdl: [1]\nname: [a]\nhttp: []\nscale: x\nenv: 3\nsecrets: []\ngolden: {}\ntargets: 1\n",
    "a long line": HEAD + b"description: " + b"x" * 200_000 + b"\n",
    "a megabyte of comment": b"#" * 1_000_000,
    "a document of nothing": b"",
    "another document": HEAD + b"---\nmdl: 1\n",
    "a tag": HEAD + b"env: !!python/object/apply:os.system ['true']\n",
    "a number out of range": HEAD + b"scale: { min: 99999999999999999999999999 }\n",
    "terminal escapes": HEAD + b"\"\\e[31mred\": 1\n",
    "a path upwards": HEAD + b"model: [ { path: ../../etc } ]\n",
}


class Hostile(MdlTest):
    def test_each_gets_a_located_error_in_bounds(self):
        self.folder = self.root
        for what, text in HOSTILE.items():
            with self.subTest(what):
                (self.root / "mdl.yaml").write_bytes(text)
                done = min((self.mdl("validate", code=None) for _ in range(2)), key=lambda done: done.seconds)
                self.assertEqual(done.code, 1, done)
                self.assertRegex(done.err + done.out, r"(?m)^mdl\.yaml:\d+:\d+: \S", done)
                self.assertNotIn("\x1b", done.err + done.out)
                self.assertLess(len(done.err + done.out), 100_000)
                self.assertLess(done.seconds, LIMIT_SECONDS)
                self.assertLess(done.peak_bytes, LIMIT_BYTES)

    def test_a_deploy_of_one_starts_nothing(self):
        self.folder = self.root
        (self.root / "mdl.yaml").write_bytes(HOSTILE["an alias bomb"])
        self.mdl("deploy", code=1)
        self.assertEqual(self.processes(), {})


if __name__ == "__main__":
    unittest.main()
