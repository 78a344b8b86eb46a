"""A language model (examples/llm) behind the gateway, judged by the official client of OpenAI's API."""

import json
import threading
import unittest

from harness import CACHE, MdlTest, packages, request, until

packages("openai==3.57.0", "prometheus-client==0.26.0")
import openai  # noqa: E402 only importable now

MODEL, COUNT = "gemma-3-270m", "The first ten numbers are one, two, three,"


class Llm(MdlTest):
    scale = {}

    def setUp(self):
        super().setUp()
        self.env["MDL_DEV_CACHE"] = str(CACHE)
        self.copy_example("llm")
        self.options = [word for name, value in self.scale.items() for word in ("--set", f"scale.{name}={value}")]
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


class Slots(Llm):
    scale = {"max": 1, "min": 1, "concurrency": 2}

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


if __name__ == "__main__":
    unittest.main()
