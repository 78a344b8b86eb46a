"""A secret's value reaches the service and nothing else."""

import hashlib
import pathlib
import secrets
import unittest

from harness import MdlTest, request, until


class Secrets(MdlTest):
    def test_it_is_in_no_file_no_command_line_and_no_output(self):
        marker = "secret-" + secrets.token_hex(16)
        self.service(secrets={"TOKEN": {"from": "env:DB_TOKEN"}})
        given = {"env": {"DB_TOKEN": marker}}
        outputs = [self.mdl("deploy", "-v", **given), self.mdl("plan", "-o", "json", **given)]
        names = request(self.url() + "/env").json()
        self.assertEqual(names["TOKEN"], hashlib.sha256(marker.encode()).hexdigest())
        request(f"{self.url()}/log?text={marker}")
        until(lambda: "[redacted]" in self.mdl("logs").out, what="the redacted line")
        self.set(env={"VERSION": "2"})
        outputs += [self.mdl("deploy", "--events", **given), self.mdl("rollback", "-v"), self.mdl("status", "-o", "json"),
                    self.mdl("releases", "-o", "json"), self.mdl("logs", "-o", "json"), self.mdl("metrics", "-o", "json")]
        for done in outputs:
            self.assertNotIn(marker, str(done))
        self.assertEqual(self.holding(marker), [])
        self.assertEqual([line for line in self.processes().values() if marker in line], [])

    def holding(self, marker):
        """Files of this test's folders that hold the marker."""
        return [str(path) for path in pathlib.Path(self.root).rglob("*")
                if path.is_file() and marker.encode() in path.read_bytes()]

    def test_a_file_secret_that_changes_makes_a_new_release(self):
        self.service(secrets={"TOKEN": {"from": "file:token"}}, files={"token": "one\n"})
        (self.folder / ".mdlignore").write_text("token\n")
        self.deploy()
        self.assertTrue(self.deploy()["nothing_to_do"])
        (self.folder / "token").write_text("two\n")
        self.assertEqual(self.deploy()["serving"]["release"], 2)
        expected = {hashlib.sha256(text).hexdigest() for text in (b"two", b"two\n")}
        self.assertIn(request(self.url() + "/env").json()["TOKEN"], expected)
        self.mdl("rollback")
        expected = {hashlib.sha256(text).hexdigest() for text in (b"one", b"one\n")}
        self.assertIn(request(self.url() + "/env").json()["TOKEN"], expected)

    def test_one_that_is_not_there_is_said_before_anything_starts(self):
        self.service(secrets={"TOKEN": {"from": "env:NOT_SET_ANYWHERE"}})
        failed = self.mdl("deploy", code=1)
        self.assertIn("NOT_SET_ANYWHERE", failed.err)
        self.assertEqual(self.replicas(), [])


if __name__ == "__main__":
    unittest.main()
