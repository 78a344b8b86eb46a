"""A proxy in front of an emulator that keeps every request, and can answer in its place."""

import http.client
import http.server
import threading
import urllib.parse


class Recorder:
    """`requests` are dicts of method, path, query, headers and body (but for zips that go to S3). `before(request)` may return (status, headers, body)
    to answer by itself; `edit(request, status, body)` may return another (status, body); `after(request)` may return True to cut
    the connection instead of passing the answer on."""

    def __init__(self, url):
        self.upstream = urllib.parse.urlsplit(url).netloc
        self.requests, self.lock = [], threading.Lock()
        self.connections = 0
        self.before, self.after = lambda request: None, lambda request: False
        self.edit = lambda request, status, body: None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with outer.lock:
                    outer.connections += 1

            def handle_any(self):
                outer.handle(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path, _, query = handler.path.partition("?")
        request = {"method": handler.command, "path": path, "query": query, "headers": dict(handler.headers.items()),
                   "body": "" if handler.headers.get("Content-Type") == "application/zip" else body.decode("utf-8", "replace")}
        with self.lock:
            self.requests.append(request)
            answer = self.before(request)
        if answer is None:
            connection = http.client.HTTPConnection(self.upstream, timeout=120)
            connection.request(handler.command, handler.path, body, request["headers"])
            reply = connection.getresponse()
            content = reply.read()
            with self.lock:
                edited = self.edit(request, reply.status, content)
            status, content = edited or (reply.status, content)
            answer = (status, reply.getheaders(), content)
            connection.close()
        with self.lock:
            cut = self.after(request)
        if cut:
            handler.close_connection = True
            handler.connection.close()
            return
        status, headers, content = answer
        handler.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
