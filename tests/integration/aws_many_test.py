"""Many functions of one project in one deploy: fifty with scripts/test --full."""

import json
import threading
import time
import unittest

from aws_harness import AwsTest
from harness import FULL

MANY = 50 if FULL else 8


class Many(AwsTest):
    def busy(self):
        """Seconds in which the emulator had at least one request, by what the recorder saw."""
        total, end = 0.0, 0.0
        for begun, ended in sorted(self.spans):
            total += max(0.0, ended - max(begun, end))
            end = max(end, ended)
        return total

    def test_functions_of_a_project(self):
        self.folder = self.root / "project"
        names = [f"many-{i:02}" for i in range(MANY)]
        for name in names:
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "app.py").write_text(f"def answer(event, context): return {name!r}\n")
            (self.folder / name / "mdl.yaml").write_text(json.dumps(
                {"mdl": 1, "name": name, "http": {"handler": "app.answer"}, "targets": {"eu": {"provider": "aws"}}}))
        (self.folder / "mdl.yaml").write_text(json.dumps({"mdl": 1, "services": [name + "/" for name in names]}))
        self.spans, most, now, lock = [], [0], [0], threading.Lock()
        handle = self.recorder.handle

        def timed(handler):
            begun = time.monotonic()
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            try:
                handle(handler)
            finally:
                with lock:
                    now[0] -= 1
                    self.spans.append((begun, time.monotonic()))

        self.recorder.handle = timed
        begun = time.monotonic()
        self.aws("deploy", timeout=400)
        took = time.monotonic() - begun
        self.recorder.handle = handle
        print(f"{MANY} functions in {took:.1f} s, {len(self.spans)} requests, up to {most[0]} at once; "
              f"the emulator was busy for {self.busy():.1f} s: ratio {took / self.busy():.2f}")
        self.assertGreater(most[0], 4)
        for name in (names[0], names[MANY // 2], names[-1]):
            self.assertEqual(self.aws("invoke", "-s", name).out.strip(), name)
        mark = len(self.recorder.requests)
        self.assertIn("othing to do", self.aws("deploy", timeout=400).out)
        self.assertLessEqual(len(self.recorder.requests) - mark, 4 * MANY)
        self.aws("destroy", "-y", timeout=600)

    def test_zz_requests_keep_to_the_models(self):
        self.check_models()


if __name__ == "__main__":
    unittest.main()
