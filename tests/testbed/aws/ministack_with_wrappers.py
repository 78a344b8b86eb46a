"""ministack, which calls the handler of a managed Python runtime itself and overlooks AWS_LAMBDA_EXEC_WRAPPER. On AWS the wrapper is
started in place of the runtime, in the same environment, and speaks the Runtime API: here it is run as ministack runs the
`bootstrap` of an OS-only runtime. Nothing else is changed."""

import sys

from ministack.app import main
from ministack.services import lambda_svc

dispatch = lambda_svc._execute_function_dispatch


def with_wrapper(func, config, event, request_id, started):
    variables = (config.get("Environment") or {}).get("Variables") or {}
    if variables.get("AWS_LAMBDA_EXEC_WRAPPER") == "/var/task/bootstrap" and config["Runtime"].startswith("python"):
        config = config | {"Runtime": "provided.al2023"}
        func = func | {"config": config}
    return dispatch(func, config, event, request_id, started)


lambda_svc._execute_function_dispatch = with_wrapper
sys.exit(main())
