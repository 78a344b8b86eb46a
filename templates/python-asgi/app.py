from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def healthz(request):
    return JSONResponse({"status": "ok"})


async def predict(request):
    try:
        body = await request.json()
        words = body["text"].split()
    except (ValueError, KeyError, TypeError, AttributeError):
        return JSONResponse({"error": 'the body must be an object such as {"text": "hello"}'}, 400)
    # Call your model here; load it above, so that /healthz answers only once it is loaded.
    return JSONResponse({"words": len(words)})


app = Starlette(routes=[Route("/healthz", healthz), Route("/", predict, methods=["POST"])])
