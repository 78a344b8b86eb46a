"""The tests of aws_runtime_test.py with the program for arm64, under an emulator of the processor."""

import os
import shutil
import unittest

os.environ["MDL_RUNTIME_EMULATOR"] = shutil.which("qemu-aarch64-static") or ""
from aws_runtime_test import PROGRAM, Errors, Loop, Requests, Start, Streams  # noqa: E402, F401

if not os.environ["MDL_RUNTIME_EMULATOR"] or not os.path.exists(PROGRAM):
    raise unittest.SkipTest("needs qemu-aarch64-static, and g++-aarch64-linux-gnu at build time")

if __name__ == "__main__":
    unittest.main()
