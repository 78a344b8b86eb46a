"""A language model (examples/llm) behind the gateway, judged by the official client of OpenAI's API."""

import concurrent.futures
import json
import threading
import time
import unittest

from harness import CACHE, MdlTest, packages, request, until

packages("openai==3.57.0", "prometheus-client==0.26.0")
import openai  # noqa: E402 only importable now
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

MODEL, COUNT = "gemma-3-270m", "The first ten numbers are one, two, three,"


class Llm(MdlTest):
    fields = {}

    def setUp(self):
        super().setUp()
        self.env["MDL_DEV_CACHE"] = str(CACHE)
        self.copy_example("llm")
        self.options = [word for name, value in self.fields.items() for word in ("--set", f"{name}={value}")]
        self.mdl("deploy", *self.options, timeout=300)
        self.base = self.url()
        self.client = self.client_of(self.base)

    def client_of(self, base):
        client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0, timeout=120)
        self.addCleanup(client.close)
        return client

    def complete(self, prompt=COUNT, client=None, **options):
        return (client or self.client).completions.create(model=MODEL, prompt=prompt, **{"temperature": 0} | options)

    def number(self, name):
        """One of the service's own numbers, from the replica itself."""
        port = json.loads(self.call_supervisor("GET", "/v1/services/llm/local").body)["replicas"][-1]["status"]["replicas"][0]["port"]
        lines = request(f"http://127.0.0.1:{port}/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split()[0] == name)


class OpenAI(Llm):
    def test_the_official_client_is_answered(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])
        answer = self.complete(max_tokens=12)
        self.assertEqual((answer.object, answer.choices[0].finish_reason), ("text_completion", "length"))
        self.assertTrue(answer.choices[0].text.startswith(" four, five, six, seven"), answer.choices[0].text)
        self.assertEqual((answer.usage.completion_tokens, answer.usage.total_tokens), (12, 24))
        self.assertEqual(self.complete(max_tokens=12).choices[0].text, answer.choices[0].text)
        stopped = self.complete(max_tokens=40, stop=["six", "never"]).choices[0]
        self.assertEqual((stopped.text.strip(), stopped.finish_reason), ("four, five,", "stop"))
        first, second = (self.complete("Once upon a time", max_tokens=8, temperature=1, seed=7).choices[0].text for _ in range(2))
        self.assertEqual(first, second)
        self.chat()
        self.stream(answer.choices[0].text)
        self.errors()
        self.numbers()

    def chat(self):
        question = [{"role": "user", "content": "What is the capital of France?"}]
        answer = self.client.chat.completions.create(model=MODEL, messages=question, temperature=0, max_completion_tokens=32)
        self.assertEqual((answer.object, answer.choices[0].message.role), ("chat.completion", "assistant"))
        self.assertIn("Paris", answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        chunks = list(self.client.chat.completions.create(model=MODEL, messages=question, temperature=0, stream=True))
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks), answer.choices[0].message.content)
        self.assertEqual((chunks[0].choices[0].delta.role, chunks[-1].choices[0].finish_reason), ("assistant", "stop"))

    def stream(self, text):
        *chunks, last = self.complete(max_tokens=12, stream=True, stream_options={"include_usage": True})
        self.assertEqual("".join(chunk.choices[0].text for chunk in chunks), text)
        self.assertEqual([chunk.choices[0].finish_reason for chunk in chunks], [None] * (len(chunks) - 1) + ["length"])
        self.assertEqual((last.choices, last.usage.completion_tokens), ([], 12))

    def errors(self):
        for kind, options, param in ((openai.NotFoundError, {"model": "gpt-4"}, "model"), (openai.BadRequestError, {"n": 2}, "n"),
                                     (openai.BadRequestError, {"prompt": "word " * 3000}, None),
                                     (openai.BadRequestError, {"temperature": "hot"}, None)):
            with self.subTest(options=str(options)[:40]), self.assertRaises(kind) as raised:
                self.client.completions.create(**{"model": MODEL, "prompt": "x"} | options)
            self.assertEqual((raised.exception.type, raised.exception.param), ("invalid_request_error", param))
            self.assertTrue(raised.exception.body["message"])
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model=MODEL, input="x")

    def numbers(self):
        """The service's own numbers: in text without buckets, in JSON as they are, and at the supervisor for a scraper."""
        name = "llm_time_to_first_token_seconds"
        text = self.mdl("metrics").out
        self.assertRegex(text, name + r'\{release="1",replica="1"\} +\d+, p50 [\d.]+, p95 [\d.]+, mean [\d.]+\n')
        self.assertNotIn("_bucket", text)
        own = self.mdl("metrics", "-o", "json").json()["services"][0]["own"]
        self.assertIn({"name": "llm_requests_running", "labels": 'release="1",replica="1"', "value": 0.0}, own)
        families = list(text_string_to_metric_families(self.call_supervisor("GET", "/metrics").body.decode()))
        self.assertEqual(len({family.name for family in families}), len(families), "each family once")
        found = next(family for family in families if family.name == name)
        self.assertEqual((found.type, found.documentation), ("histogram", "From the request to its first token."))
        labels = {"service": "llm", "target": "local", "release": "1", "replica": "1"}
        count = next(sample for sample in found.samples if sample.name == name + "_count")
        self.assertEqual(count.labels, labels)
        self.assertGreaterEqual(count.value, 8)
        self.assertIn("mdl_request_duration_seconds", [family.name for family in families])


class Slots(Llm):
    fields = {"scale.max": 1, "scale.min": 1, "scale.concurrency": 2, "http.timeout": "10s"}

    def start(self, count, **options):
        """Streams that have begun."""
        streams = [self.complete("Once upon a time", stream=True, max_tokens=900, temperature=1, seed=number, **options)
                   for number in range(count)]
        for stream in streams:
            next(iter(stream))
        return streams

    def test_slots_are_given_back_and_the_model_stops(self):
        first, second = self.start(2)
        self.assertEqual(self.number("llm_requests_running"), 2)
        answered, left = [], threading.Thread(target=lambda: answered.append(self.complete(max_tokens=4)))
        left.start()
        until(lambda: self.status()["held"] == 1, what="a request that waits")
        self.assertEqual(self.number("llm_requests_queued"), 0, "the gateway gives a replica no more than it can do at once")
        with self.assertRaises(openai.APITimeoutError):  # it leaves the queue, though it never had a slot
            self.complete(max_tokens=4, timeout=0.5)
        until(lambda: self.status()["held"] == 1, what="the end of the one that left")
        first.close()
        left.join(60)
        self.assertEqual(answered[0].choices[0].text, " four, five,")
        second.close()
        until(lambda: self.number("llm_requests_running") == 0, what="the end of what nobody reads any more")
        made = self.number("llm_tokens_generated_total")
        self.assertEqual(self.complete(max_tokens=3).usage.completion_tokens, 3)
        self.assertEqual(self.number("llm_tokens_generated_total"), made + 3)
        self.assertEqual(self.number("llm_requests_total"), 5)
        with self.assertRaises(openai.APITimeoutError):  # not streamed: stops as well
            self.complete("Once upon a time", max_tokens=900, temperature=1, timeout=1)
        until(lambda: self.number("llm_requests_running") == 0, 20, what="the end of an answer that nobody waits for")
        self.past_the_deadline()

    def past_the_deadline(self):
        streams = self.start(2)
        with self.assertRaises(openai.InternalServerError) as raised:
            self.complete(max_tokens=4)
        for stream in streams:
            stream.close()
        body = raised.exception.response.json()
        self.assertEqual((raised.exception.status_code, body["ran_ms"]), (504, 0))
        self.assertGreaterEqual(body["waited_ms"], 9_900)
        self.assertEqual(body["error"], "no replica of release 1 was free within 10 s")


class FromZero(Llm):
    fields = {"scale.min": 0, "scale.max": 1, "scale.idle": "1s", "scale.concurrency": 2}

    def test_the_first_request_waits_and_an_open_stream_is_not_idle(self):
        until(lambda: not self.replicas(), what="no replica")
        asleep = self.status()
        self.assertRegex(asleep["detail"], r"^scaled to zero: starts with the next request, in about [\d.]+s$")
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            answers = [pool.submit(self.complete, max_tokens=4) for _ in range(3)]
            status = until(lambda: (lambda now: now if now["held"] == 3 and now.get("starting_ms") else None)(self.status()),
                           what="three requests that wait for a replica")
            self.assertEqual((status["health"], status["replicas"], status["wanted"]), ("starting", 0, 1))
            self.assertGreater(status["last_start_ms"], 200)
            text = self.mdl("status").out
            if "starting, " in text:  # it may have started meanwhile
                self.assertRegex(text, r"requests? waits?; starting, [\d.]+s of about [\d.]+s last time: waiting for /healthz")
            self.assertEqual({answer.result().choices[0].text for answer in answers}, {" four, five,"})
        stream = self.complete("Once upon a time", stream=True, max_tokens=900, temperature=1, seed=1)
        begun, replicas = time.monotonic(), self.replicas()
        for _ in stream:
            if time.monotonic() > begun + 3:
                break
        self.assertEqual((self.replicas(), self.status()["replicas"]), (replicas, 1), "three times as long as an idle one stays")
        stream.close()
        until(lambda: not self.replicas(), what="no replica again")


class Releases(Llm):
    fields = {"scale.max": 1, "scale.min": 1}

    def damage(self):
        """Another model of the same shape: a part of the weights is zero. The file is a new one, since it may be linked."""
        path = self.folder / "weights/gemma-3-270m-q4_k_m.gguf"
        weights = bytearray(path.read_bytes())
        for start in range(len(weights) // 2, len(weights) - (1 << 20), 1 << 20):
            weights[start:start + (1 << 16)] = bytes(1 << 16)
        path.with_name("new").write_bytes(weights)
        path.with_name("new").rename(path)

    def test_the_same_model_answers_the_golden_request_as_before_and_a_changed_one_is_caught(self):
        same = self.mdl("deploy", *self.options, "--set", "env.CONTEXT=512", timeout=300)
        self.assertIn("1 golden request as release 1 answers", same.err)
        self.damage()
        changed = self.mdl("deploy", *self.options, "--set", "env.CONTEXT=512", code=3, timeout=300)
        self.assertRegex(changed.err, r'golden request golden\.json: choices\[0\]\.(text|finish_reason): .+ is not .*, which release 2 answers')
        self.assertEqual(self.complete(max_tokens=4).choices[0].text, " four, five,")


if __name__ == "__main__":
    unittest.main()
