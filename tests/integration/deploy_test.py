"""The main job: deploy, change, roll back, destroy, on one small service."""

import unittest

from harness import SLOWER, MdlTest, Traffic, until


class Deploy(MdlTest):
    def test_a_first_deploy_is_live_and_an_unchanged_one_does_nothing(self):
        self.service()
        first = self.deploy()
        self.assertEqual((first["ok"], first["serving"]["release"]), (True, 1))
        self.assertEqual(self.get().json()["version"], "1")
        again = self.mdl("deploy")
        self.assertRegex(again.out, r"^Nothing to do: release 1 is live on local and matches mdl.yaml")
        self.assertLess(again.seconds, 0.5 * SLOWER)
        self.assertEqual(self.status()["live"], [{"release": 1, "weight": 1.0}])

    def test_traffic_moves_to_a_second_release_and_back_without_a_lost_request(self):
        self.service()
        self.deploy()
        with Traffic(self.url()) as traffic:
            self.set(env={"VERSION": "2"})
            self.assertEqual(self.deploy()["serving"]["release"], 2)
            until(lambda: traffic.versions.get("2", 0) > 5, what="traffic at release 2")
            rolled = self.mdl("rollback", "-o", "json").json()
            self.assertEqual(rolled["serving"]["release"], 1)
            before = traffic.versions["1"]
            until(lambda: traffic.versions["1"] > before + 5, what="traffic at release 1")
        self.assertEqual(traffic.failures, [])
        self.assertEqual(self.get().json()["version"], "1")

    def test_a_rollback_is_a_release_of_its_own_in_the_history(self):
        self.service()
        self.deploy()
        self.set(env={"VERSION": "2"})
        self.deploy()
        self.mdl("rollback")
        releases = self.mdl("releases", "-o", "json").json()["releases"]
        self.assertEqual([release["number"] for release in releases], [3, 2, 1])
        self.assertEqual(releases[0]["runs"], 1)
        self.mdl("rollback", "--to", "2")
        self.assertEqual(self.get().json()["version"], "2")

    def test_a_rollback_to_what_was_never_there_changes_nothing(self):
        self.service()
        self.deploy()
        failed = self.mdl("rollback", "--to", "7", code=1)
        self.assertIn("7", failed.err)
        self.assertEqual(self.get().json()["version"], "1")

    def test_a_rehearsal_starts_the_previous_release_without_traffic(self):
        self.service(rollout={"warm": "1s"})
        self.deploy()
        self.set(env={"VERSION": "2"})
        self.deploy()
        with Traffic(self.url()) as traffic:
            self.mdl("rollback", "--rehearse")
        self.assertEqual((traffic.failures, list(traffic.versions)), ([], ["2"]))
        self.assertRegex(self.mdl("status").out, r"previous 1 is restorable, rehearsed")

    def test_a_plan_after_a_deploy_is_empty_and_a_saved_plan_is_carried_out(self):
        self.service()
        self.deploy()
        self.mdl("plan", "--detailed-exitcode")
        self.set(env={"VERSION": "2"})
        self.mdl("plan", "--detailed-exitcode", "--out", "p.json", code=2)
        self.assertEqual(self.get().json()["version"], "1")
        self.mdl("deploy", "--plan", "p.json")
        self.assertEqual(self.get().json()["version"], "2")
        self.mdl("deploy", "--plan", "p.json", code=5)

    def test_invoke_prints_the_answer_alone_and_fails_on_an_error_status(self):
        self.service()
        self.deploy()
        done = self.mdl("invoke", "--data", '{"a": 1}')
        self.assertIn('"content_type": "application/json"', done.out)
        self.assertEqual(done.err, "")
        failed = self.mdl("invoke", "--path", "/status?code=418", code=1)
        self.assertIn('"version"', failed.out + failed.err)

    def test_destroy_leaves_nothing_and_the_supervisor_ends(self):
        self.service()
        self.deploy()
        self.assertNotEqual(self.supervisor(), 0)
        self.mdl("destroy", "-y")
        until(lambda: not self.processes(), what="the end of the supervisor")
        self.assertRegex(self.mdl("destroy", "-y").out, r"^Nothing to do")
        self.assertEqual(self.deploy()["serving"]["release"], 1)

    def test_a_hook_after_the_deploy_runs_and_a_golden_request_that_differs_fails_it(self):
        files = {"golden.json": '{"a": 1}', "golden.out.json": '{"version": "of something else"}'}
        self.service(files=files, golden=[{"request": "golden.json", "expect": "golden.out.json"}])
        failed = self.mdl("deploy", "-o", "json", code=1).json()
        self.assertEqual((failed["failed"]["stage"], failed["failed"]["code"]), ("verify", "golden"))
        self.set(golden=None, hooks={"post-deploy": ["touch", "deployed"]})
        self.deploy()
        self.assertTrue((self.folder / "deployed").exists())


if __name__ == "__main__":
    unittest.main()
