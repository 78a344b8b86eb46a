"""A release that does not work never gets a request, and the one before serves on."""

import unittest

from harness import MdlTest, Traffic, until


class BadReleases(MdlTest):
    def fails(self, said, lines=None, **fields):
        """Deploys a release with these fields over a good one, under traffic."""
        self.service(rollout={"start-timeout": "3s"})
        self.deploy()
        self.set(**fields)
        with Traffic(self.url()) as traffic:
            failed = self.mdl("deploy", code=3)
        self.assertEqual((traffic.failures, list(traffic.versions)), ([], ["1"]))
        self.assertRegex(failed.err, "Release 1 serves as before")
        self.assertRegex(failed.err, said)
        for line in lines or []:
            self.assertIn(line, failed.err)
        self.assertIn("mdl logs --release 2", failed.err)
        self.assertEqual(self.status()["live"], [{"release": 1, "weight": 1.0}])
        until(lambda: len(self.replicas()) == 1, what="the end of the failed release's replica")
        logged = self.mdl("logs", "--release", "2").out
        for line in lines or []:
            self.assertIn(line, logged)
        return failed

    def test_crash_at_start(self):
        self.fails("exited 7", ["the disk of weights is full"], env={"VERSION": "2", "FAULT": "crash"})

    def test_import_error(self):
        self.fails("exited 1", ["ModuleNotFoundError: No module named 'package_that_is_not_there'"],
                   env={"VERSION": "2", "FAULT": "import"})

    def test_import_error_of_an_application_names_the_missing_requirement(self):
        self.service(rollout={"start-timeout": "20s"})
        self.deploy()
        (self.folder / "app.py").write_text("import pandas\n")
        (self.folder / "requirements.txt").write_text("\n")
        self.set(http={"command": None})
        self.manifest["http"] = {"entry": "app:app", "interface": "wsgi"}
        self.set(build={"requirements": "requirements.txt"})
        failed = self.mdl("deploy", code=3)
        self.assertIn("ModuleNotFoundError: No module named 'pandas'", failed.err)
        self.assertRegex(failed.err, r"requirements\.txt does not name pandas")

    def test_never_listens(self):
        self.fails("nothing listens on", ["thinking"], env={"VERSION": "2", "FAULT": "deaf"})

    def test_listens_on_the_wrong_port(self):
        self.fails(r"listens on \d+, not on \$PORT", ["starting version 2"], env={"VERSION": "2", "FAULT": "port"})

    def test_health_check_answers_500(self):
        self.fails("500", ["starting version 2"], env={"VERSION": "2", "FAULT": "health"})

    def test_health_check_never_answers(self):
        self.fails("healthz", ["starting version 2"], env={"VERSION": "2", "FAULT": "hang"})

    def test_a_command_that_is_not_there_is_said_before_anything_starts(self):
        self.service()
        self.deploy()
        self.set(http={"command": ["no-such-program"]})
        self.assertRegex(self.mdl("deploy", code=1).err, r"mdl\.yaml:\d+:\d+: http.command: there is no program no-such-program")
        self.assertEqual(self.get().json()["version"], "1")

    def test_the_first_deploy_of_all_fails_with_nothing_live(self):
        self.service(env={"FAULT": "crash"})
        failed = self.mdl("deploy", "-o", "json", code=1).json()
        self.assertEqual((failed["ok"], failed["exit"], failed["serving"]), (False, 1, None))
        self.assertIn("the disk of weights is full", failed["failed"]["lines"])
        self.set(env={"FAULT": ""})
        self.deploy()
        self.assertEqual(self.get().status, 200)

    def test_a_repaired_release_deploys_after_a_failed_one(self):
        self.service(rollout={"start-timeout": "3s"})
        self.deploy()
        self.set(env={"VERSION": "2", "FAULT": "crash"})
        self.mdl("deploy", code=3)
        self.set(env={"FAULT": ""})
        self.deploy()
        self.assertEqual(self.get().json()["version"], "2")


if __name__ == "__main__":
    unittest.main()
