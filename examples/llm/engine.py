"""The model: llama.cpp with a slot for each request that runs, and the numbers that it counts."""

import asyncio
import concurrent.futures
import os
import pathlib
import secrets
import time

import prometheus_client as prometheus
import xllamacpp

NAME = "gemma-3-270m"
WEIGHTS = pathlib.Path(__file__).with_name("weights") / "gemma-3-270m-q4_k_m.gguf"
CONTEXT = int(os.environ.get("MDL_CONTEXT", "1024"))  # tokens of a prompt and its answer together
SLOTS = int(os.environ.get("MDL_CONCURRENCY", "4"))
# The model was not trained to chat: it continues a dialogue, until it would speak for the user.
TEMPLATE = "{% for m in messages %}{{ m.role | capitalize }}: {{ m.content }}\n{% endfor %}Assistant:"
OTHER_SPEAKER = "\nUser:"

prometheus.disable_created_metrics()
numbers = prometheus.CollectorRegistry()
TOKENS = prometheus.Counter("llm_tokens_generated", "Tokens generated.", registry=numbers)
REQUESTS = prometheus.Counter("llm_requests", "Requests, by how they ended.", ["end"], registry=numbers)
RUNNING = prometheus.Gauge("llm_requests_running", "Requests that have a slot.", registry=numbers)
QUEUED = prometheus.Gauge("llm_requests_queued", "Requests that wait for a slot.", registry=numbers)
FIRST = prometheus.Histogram("llm_time_to_first_token_seconds", "From the request to its first token.", registry=numbers,
                             buckets=(.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60))
SPEED = prometheus.Histogram("llm_tokens_per_second", "Of each request, from its first token to its last.", registry=numbers,
                             buckets=(1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 400))

model = None
workers = concurrent.futures.ThreadPoolExecutor(SLOTS)


class Refused(Exception):
    """A request that is not carried out, and why."""

    def __init__(self, message, status=400, param=None, code=None):
        super().__init__(message)
        self.message, self.status, self.param, self.code = message, status, param, code


def load():
    global model
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(WEIGHTS)
    parameters.n_parallel, parameters.n_ctx = SLOTS, SLOTS * CONTEXT
    # Prompts kept beside the slots would take memory that nobody reckons with: up to 8 GiB.
    parameters.cache_ram_mib = parameters.n_ctx_checkpoints = 0
    parameters.n_batch = 256  # between two batches of a long prompt it is noticed that the client left
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    parameters.chat_template, parameters.use_jinja = TEMPLATE, True
    parameters.api_keys = [secrets.token_hex()]  # llama.cpp listens too, on a port of its own: for nobody
    parameters.verbosity = 0
    model = xllamacpp.Server(parameters)


async def pieces(chat, request, gone):
    """Triples (text, finish reason, usage), the last two with the last one. Ends early when the event `gone` is set."""
    queue, loop = asyncio.Queue(), asyncio.get_running_loop()
    begun, first, count, end = time.monotonic(), None, 0, "gone"
    QUEUED.inc()
    loop.run_in_executor(workers, generate, chat, request, gone, lambda piece: loop.call_soon_threadsafe(queue.put_nowait, piece))
    while (piece := await queue.get()) is not None:
        if isinstance(piece, Refused):
            REQUESTS.labels("refused").inc()
            raise piece
        if piece[0]:
            count += 1
            TOKENS.inc()
            if count == 1:
                first = time.monotonic()
                FIRST.observe(first - begun)
        end = piece[1] or end
        yield piece
    REQUESTS.labels(end).inc()
    if count > 1:
        SPEED.observe((count - 1) / (time.monotonic() - first))


def generate(chat, request, gone, put):
    """In a thread. llama.cpp calls `on_chunk` with what is new and stops when it returns True."""
    finish = None

    def on_chunk(chunk):
        nonlocal finish
        if "error" in chunk:
            put(Refused(chunk["error"]["message"], chunk["error"]["code"]))
            return True
        part, usage = (chunk["choices"] or [{}])[0], chunk.get("usage")
        finish = part.get("finish_reason") or finish
        text = part.get("text") or part.get("delta", {}).get("content") or ""
        if text or usage:
            put((text, finish if usage else None, usage))
        return gone.is_set()

    always = {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
    QUEUED.dec()
    try:
        with RUNNING.track_inprogress():
            if not gone.is_set():
                (model.handle_chat_completions if chat else model.handle_completions)(request | always, on_chunk)
    except (ValueError, RuntimeError) as error:
        put(Refused(str(error)))
    finally:
        put(None)
