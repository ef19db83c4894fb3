"""A server for robots and editors: pictures in by WebSocket, masks out as run-length codes.

In the order in which a picture meets them:

``access``     who may come in: token, host and origin
``messages``   what a client may say, and what it is told, as JSON
``pictures``   the bytes of a picture to a frame
``latency``    seconds from a picture's arrival to its answer, percentiles of the newest ones
``client``     one client's segmenter, and the one picture that may wait for it
``server``     the routes, and one client at a time in the model

docs/serve.md is the protocol for those who write clients. The extra ``serve`` brings FastAPI
and uvicorn.
"""
