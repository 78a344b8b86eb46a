"""What every command has in common: streams, formats, usage errors, interrupts, completion."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
import unittest

from harness import BINARY, MdlTest, until


class CommandLine(MdlTest):
    def test_wrong_usage_is_2_and_a_document_when_one_is_asked_for(self):
        self.folder = self.root
        self.assertIn("did you mean 'deploy'?", self.mdl("depoly", code=2).err)
        self.assertIn("did you mean '--target'?", self.mdl("deploy", "--taget", "x", code=2).err)
        document = self.mdl("deploy", "-o", "json", "--nonsense", code=2).json()
        self.assertEqual((document["ok"], document["exit"], document["error"]["kind"]), (False, 2, "usage"))

    def test_every_command_explains_itself_with_an_example(self):
        self.folder = self.root
        overview = self.mdl().out
        self.assertEqual(overview, self.mdl("--help").out)
        for line in overview.splitlines():
            if line.startswith("  ") and not line.startswith("   "):
                verb = line.split()[0]
                text = self.mdl(verb, "--help").out
                self.assertIn(f"  mdl {verb}", text)
                self.assertEqual(text, self.mdl("help", verb).out)

    def test_a_manifest_that_is_not_there_is_one_document_and_says_init(self):
        self.folder = self.root
        for verb in ("deploy", "plan", "status", "logs", "rollback", "releases", "metrics", "scale"):
            words = ["--min", "1"] if verb == "scale" else []
            document = self.mdl(verb, "-o", "json", *words, code=1).json()
            self.assertEqual((document["command"], document["ok"], document["next"]), (verb, False, ["mdl init"]))

    def test_a_reader_that_goes_away_is_no_error(self):
        self.service()
        self.deploy()
        self.mdl("invoke", "--path", "/log?text=line&count=200")
        until(lambda: len(self.mdl("logs", "--tail", "300").out.splitlines()) >= 200, what="the lines")
        process = self.start("logs", "-f", "--tail", "300")
        self.assertTrue(process.stdout.readline())
        process.stdout.close()
        self.mdl("invoke", "--path", "/log?text=line&count=2000")
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(process.stderr.read(), "")

    def test_stdout_that_cannot_be_written_is_said(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(BINARY), "version"], stdout=full, stderr=subprocess.PIPE, text=True, env=self.env)
        self.assertEqual((done.returncode, done.stderr), (1, "mdl: stdout could not be written\n"))

    def test_signs_are_ascii_where_the_locale_is(self):
        self.service()
        done = self.mdl("deploy", env={"LANG": "C"})
        self.assertTrue((done.out + done.err).isascii(), done)
        self.assertIn("app -> local", done.err)

    def test_events_are_json_lines_that_end_with_the_result(self):
        self.service()
        lines = [json.loads(line) for line in self.mdl("deploy", "--events").out.splitlines()]
        self.assertEqual({line["event"].split(".")[0] for line in lines}, {"stage", "result"})
        self.assertEqual((lines[-1]["event"], lines[-1]["serving"]["release"]), ("result", 1))

    def test_a_deploy_that_is_interrupted_says_how_to_go_on_and_is_finished_or_undone(self):
        self.service(files={}, env={"VERSION": "1"})
        self.deploy()
        self.set(env={"VERSION": "2", "BOOT": "60"})
        self._interrupt_a_deploy()
        self.assertEqual([r["state"] for r in self.releases()], ["pending", "live"])
        self.mdl("resume", "--abort")
        self.assertEqual([r["state"] for r in self.releases()], ["failed", "live"])
        self.assertEqual(len(self.replicas()), 1)
        self.set(env={"BOOT": "3"})
        self._interrupt_a_deploy()
        self.assertEqual(self.mdl("resume", "-o", "json").json()["serving"]["release"], 3)
        self.assertRegex(self.mdl("resume").out, "^Nothing to do")

    def releases(self):
        return self.mdl("releases", "-o", "json").json()["releases"]

    def _interrupt_a_deploy(self):
        process = self.start("deploy")
        until(lambda: any(r["state"] == "pending" for r in self.releases()), what="the release's record")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, out + err)
        self.assertIn("Release 1 serves.", err)
        self.assertRegex(err, r"Finish:  mdl resume +Undo:  mdl resume --abort")


class Terminal(MdlTest):
    def converse(self, words, answers):
        """Runs mdl on a terminal; answers are typed when their question is seen. Returns the exit code and all that was shown."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(str(BINARY), ["mdl", *words], self.env | {"TERM": "xterm"})
        shown, deadline = "", time.monotonic() + 120
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    part = os.read(terminal, 65536).decode("utf-8", "replace")
                except OSError:
                    break
                if not part:
                    break
                shown += part
            if answers and answers[0][0] in shown:
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_destroy_asks_and_takes_no_for_an_answer(self):
        self.service()
        self.deploy()
        code, shown = self.converse(["destroy"], [("[y/N]", "n")])
        self.assertEqual((code, "Nothing was changed." in shown), (1, True), shown)
        self.assertEqual(self.get().status, 200)
        self.mdl("destroy", code=2)
        code, shown = self.converse(["destroy"], [("[y/N]", "yes")])
        self.assertEqual((code, "is gone from local" in shown), (0, True), shown)

    def test_init_in_an_empty_folder_offers_templates(self):
        self.folder = self.root / "empty"
        self.folder.mkdir()
        self.assertIn("python-wsgi", self.mdl("init", code=1).err)
        code, shown = self.converse(["init"], [("Number:", "3")])
        self.assertEqual(code, 0, shown)
        self.assertTrue((self.folder / "lambda_function.py").exists())
        self.mdl("init", "--template", "handler", code=1)

    def test_colour_is_for_terminals_without_no_color(self):
        self.folder = self.root
        self.assertIn("\x1b[", self.converse(["--help"], [])[1])
        self.env["NO_COLOR"] = "1"
        self.assertNotIn("\x1b[", self.converse(["--help"], [])[1])


class Completion(MdlTest):
    def setUp(self):
        super().setUp()
        self.service()
        self.set(targets={"local": {}, "staging": {"provider": "local"}})
        self.deploy()

    def candidates(self, *words):
        return [line.split("\t")[0] for line in self.mdl("__complete", "--", *words).out.splitlines()]

    def test_names_come_from_the_manifest_and_the_provider(self):
        self.assertEqual(self.candidates("deploy", "-t", ""), ["local", "staging"])
        self.assertEqual(self.candidates("rollback", "--to", ""), ["1"])
        self.assertEqual(self.candidates("logs", "-s", ""), ["app"])

    def test_a_manifest_with_mistakes_gives_no_complaint(self):
        (self.folder / "mdl.yaml").write_text("nonsense: [")
        done = self.mdl("__complete", "--", "rollback", "--to", "")
        self.assertEqual((done.out, done.err), ("", ""))

    def test_bash(self):
        script = ('source <(mdl completion bash)\nCOMP_WORDS=(mdl deploy -t sta)\nCOMP_CWORD=3\n_mdl\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"\nCOMP_WORDS=(mdl roll)\nCOMP_CWORD=1\n_mdl\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
        self.assertEqual(self.shell("bash", "-c", script), "staging\nrollback\n")

    def test_fish(self):
        self.assertIn("staging", self.shell("fish", "-c", "mdl completion fish | source; complete -C 'mdl deploy -t sta'"))

    def test_zsh(self):
        script = ('compdef() { :; }; _describe() { print -l -- "${(@P)2}"; }\nsource <(mdl completion zsh)\n'
                  "words=(mdl deploy -t sta)\nCURRENT=4\n_mdl\n")
        self.assertEqual(self.shell("zsh", "-fc", script), "staging\n")

    def shell(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        done = subprocess.run(command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
