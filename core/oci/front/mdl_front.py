"""Serves a WSGI or ASGI application, or a function handler, on 127.0.0.1:$PORT.

    python mdl_front.py entry src.app:app [auto|wsgi|asgi]
    python mdl_front.py handler lambda_function.lambda_handler

The service's files are in ../app, seen from this file. SIGTERM drains: no new connections, what is under way is
finished, exit 0. What cannot be imported is told with its traceback, exit 1.
"""

import importlib
import inspect
import os
import signal
import sys
import traceback

FRONT = os.path.dirname(os.path.abspath(__file__))
APP = os.path.join(os.path.dirname(FRONT), "app")


def enter_app():
    """The service finds its modules and files as if it had been started in its own folder."""
    sys.path[:] = [APP] + [path for path in sys.path if os.path.abspath(path or ".") != FRONT]
    sys.argv[:] = [os.path.join(APP, "mdl")]
    sys.dont_write_bytecode = True  # an artifact is read-only
    os.chdir(APP)


def stop(text):
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


def load(name, separator):
    """The object that "module:attribute" or "module.attribute" names."""
    module, _, attribute = name.rpartition(separator) if separator == "." else name.partition(separator)
    module = module.replace("/", ".")
    if not module or not attribute:
        stop(f"{name!r} is not of the form module{separator}name")
    try:
        found = importlib.import_module(module)
    except BaseException as error:  # SystemExit at import is a failed start too
        own = error.__traceback__
        while own is not None and (own.tb_frame.f_code.co_filename == __file__ or "importlib" in own.tb_frame.f_code.co_filename):
            own = own.tb_next
        traceback.print_exception(type(error), error, own)
        sys.exit(1)
    for part in attribute.split("."):
        if not hasattr(found, part):
            where = getattr(found, "__file__", None) or module
            stop(f"{os.path.relpath(where) if os.path.isabs(where) else where} has no {part!r}, which {name!r} names")
        found = getattr(found, part)
    return found


def is_asgi(app):
    if inspect.isclass(app):
        return hasattr(app, "__await__")
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))


def concurrency():
    return max(1, int(os.environ.get("MDL_CONCURRENCY") or 8))


def serve_wsgi(app, threads):
    import waitress

    server = waitress.create_server(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=threads,
        ident=None,
        clear_untrusted_proxy_headers=False,
        connection_limit=1000,
        channel_timeout=300,
    )
    draining = []

    def drain():
        draining.append(True)
        server.del_channel()
        server.socket.close()

    # The signal comes to the thread that runs the loop: the trigger ends the wait and runs drain between two rounds.
    signal.signal(signal.SIGTERM, lambda *_: server.trigger.pull_trigger(drain))
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
    idle = 0
    while idle < 2:  # two rounds: a request that had just arrived is seen by the second
        server.asyncore.loop(timeout=0.05 if draining else 1, map=server._map, use_poll=True, count=1)
        busy = any(c.requests or c.request or c.total_outbufs_len for c in list(server.active_channels.values()))
        idle = idle + 1 if draining and not busy else 0
    server.task_dispatcher.shutdown(timeout=1)
    leave()


def serve_asgi(app):
    import uvicorn

    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        lifespan="auto",
        timeout_keep_alive=300,
    )
    server = uvicorn.Server(config)
    # uvicorn drains on SIGTERM and raises the signal again when it has ended.
    signal.signal(signal.SIGTERM, lambda *_: leave())
    signal.signal(signal.SIGINT, lambda *_: leave())
    server.run()
    if not server.started:
        sys.exit(1)
    leave()


def leave():
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(0)


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[0] not in ("entry", "handler"):
        stop(__doc__)
    if arguments[0] == "handler":
        import mdl_handler

        enter_app()
        # Further threads only so that the health check is answered while the handler works.
        serve_wsgi(mdl_handler.application(load(arguments[1], ".")), max(4, concurrency() + 1))
        return
    enter_app()
    app = load(arguments[1], ":")
    if not callable(app):
        stop(f"{arguments[1]!r} is no application: it cannot be called")
    interface = arguments[2] if len(arguments) == 3 else os.environ.get("MDL_INTERFACE") or "auto"
    if interface == "asgi" or (interface == "auto" and is_asgi(app)):
        serve_asgi(app)
    else:
        serve_wsgi(app, max(4, concurrency()))


if __name__ == "__main__":
    main(sys.argv[1:])
