"""Two commands at once: one wins. A command that was stopped, overtaken and woken loses at its next call."""

import random
import signal
import threading
import time
import unittest

from harness import FULL, SEED, MdlTest, until
from station import Station, strays, summary, untidy

PAIRS = 50
SECONDS = 18  # of a sample: pairs, and either way of being overtaken
CALLS = {"deploy": 5, "rollback": 4}  # of the commands below; a later one is tried in vain


class Races(MdlTest):
    def setUp(self):
        super().setUp()
        self.station = Station(self.root / "w", self.env)

    def prepared(self, name, versions=("1", "2")):
        folder = self.station.folder(name)
        for version in versions:
            self.deploy_version(folder, version).ok()
        return folder

    def deploy_version(self, folder, version, **options):
        return self.station.run(folder, "deploy", "-o", "json", "--set", f"env.VERSION={version}", **options)

    def check_tidy(self, folder):
        state, records = self.station.state(folder.name), self.station.records(folder)
        self.assertEqual(untidy(state, records), [])
        until(lambda: not strays(self.station, folder.name), what="the end of processes that nobody owns")
        return state, records

    # Two at once

    def test_of_two_commands_at_once_one_wins_and_the_other_says_so(self):
        """Both may succeed one after the other; then the later one's release serves. What may not be: two that failed, a release of
        neither, or anything left behind."""
        random.seed(SEED)
        begun, codes = time.monotonic(), {}
        folder = self.prepared("pair")
        for number in range(PAIRS):
            if not FULL and time.monotonic() - begun > SECONDS:
                break
            other = ["rollback", "-o", "json"] if number % 2 else ["deploy", "-o", "json", "--set", f"env.VERSION=right-{number}"]
            ended = self.both(folder, ["deploy", "-o", "json", "--set", f"env.VERSION=left-{number}"], other)
            with self.subTest(number=number):
                kind = ("deploy/rollback" if number % 2 else "deploy/deploy", *sorted(done.code for done in ended))
                codes[kind] = codes.get(kind, 0) + 1
                self.check_pair(folder, ended)
        print(f"\nMDL_TEST_SEED={SEED}: {sum(codes.values())} pairs: {codes}", flush=True)

    def both(self, folder, first, second):
        left = self.station.start(folder, *first)
        time.sleep(random.uniform(0, 0.05))
        right = self.station.start(folder, *second)
        return [left.wait(), right.wait()]

    def check_pair(self, folder, ended):
        text = "\n".join(map(str, ended))
        self.assertIn(sorted(done.code for done in ended), [[0, 0], [0, 5]], text)
        state, _ = self.check_tidy(folder)
        serving = state["live"]["split"][0]["release"]
        self.assertIn(serving, [done.json()["release"] for done in ended if done.code == 0], text)
        for done in ended:
            if done.code == 5:
                said = done.json()
                self.assertEqual(said["winner"]["runs"], serving, done)

    # Zombies

    def test_a_command_that_was_overtaken_while_stopped_loses_at_its_next_call(self):
        self.overtaken(self.stop_after)

    def test_a_call_that_was_under_way_when_its_command_was_overtaken_changes_nothing(self):
        self.overtaken(self.hold_before)

    MEETINGS = {
        "deploy by deploy": (["deploy", "--set", "env.VERSION=parked"], ["deploy", "--set", "env.VERSION=overtaking"]),
        "deploy by rollback": (["deploy", "--set", "env.VERSION=parked"], ["rollback", "--to", "1"]),
        "rollback by deploy": (["rollback", "--to", "1"], ["deploy", "--set", "env.VERSION=overtaking"]),
    }

    def overtaken(self, way):
        """All calls of all meetings; by default a seeded sample in a bounded time."""
        begun, parked, tried = time.monotonic(), 0, 0
        meetings = [(name, at) for name in self.MEETINGS for at in range(CALLS[name.split()[0]])]
        random.Random(SEED).shuffle(meetings)
        for name, at in meetings:
            if not FULL and time.monotonic() - begun > SECONDS:
                break
            tried += 1
            with self.subTest(meeting=name, call=at):
                parked += self.meet(way, *self.MEETINGS[name], at)
        self.assertGreater(parked, 0)
        print(f"\nMDL_TEST_SEED={SEED}: {parked} overtaken of {tried} tried", flush=True)

    def meet(self, way, words, other, at):
        """False when the command had no such call, or succeeded all the same because it was its last."""
        self.number = getattr(self, "number", 0) + 1
        folder = self.prepared(f"z{self.number}", ("1", "2"))
        met, go_on, victim = threading.Event(), threading.Event(), []
        before, after = way(at, met, go_on, victim)
        self.addCleanup(go_on.set)
        proxy, env = self.station.proxied(before, after, keeps_journal=False)
        with proxy:
            victim.append(self.station.start(folder, *words, env=env))
            until(lambda: met.is_set() or victim[0].process.poll() is not None, 60, f"call {at}")
            if not met.is_set():
                victim[0].wait().ok()
                return False
            winner = self.station.run(folder, *other, "-o", "json").ok()
            before_waking = self.station.state(folder.name), self.station.records(folder)
            changed = [call for call in proxy.calls if call.status and call.status < 300]
            victim[0].signal(signal.SIGCONT)
            go_on.set()
            parked = victim[0].wait()
            now_changed = [str(call) for call in proxy.calls if call.status and call.status < 300 and call not in changed]
        self.assertEqual(proxy.problems, [])
        self.assertEqual(now_changed, [], parked)
        after_waking = self.check_tidy(folder)
        self.assertEqual(summary(*before_waking), summary(*after_waking), parked)
        self.assertEqual([(r["number"], r["state"]) for r in before_waking[1]],
                         [(r["number"], r["state"]) for r in after_waking[1]], parked)
        if parked.code == 0:
            self.assertEqual(at, len(proxy.calls) - 1, "only its last call may lie behind a command that was overtaken and says nothing")
            return False
        self.assertEqual(parked.code, 5, parked)
        self.assertIn(f"Another run won. Release {winner.json()['record']} (", parked.err, parked)
        return True

    def stop_after(self, at, met, go_on, victim):
        def after(call):
            if call.number == at:
                until(lambda: victim, what="the command's start")
                victim[0].signal(signal.SIGSTOP)
                met.set()
        return None, after

    def hold_before(self, at, met, go_on, victim):
        def before(call):
            if call.number == at:
                met.set()
                go_on.wait(60)
        return before, None


if __name__ == "__main__":
    unittest.main()
