"""The service as it is, but it notes every request: ``python counting_service.py FILE --data-dir ...``.

A line of the file is the port of the client, which tells connections apart, the method and the path.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from azext_batchai.service import __main__, app  # noqa: E402  found on the path just set

_create_app = app.create_app


def create_counting_app(service):
    """The service's own application behind one that takes notes."""
    inner = _create_app(service)

    async def noting(scope, receive, send):
        with open(sys.argv[1], 'a', encoding='utf-8') as notes:
            notes.write(f"{scope['client'][1]} {scope['method']} {scope['path']}\n")
        await inner(scope, receive, send)
    return noting


app.create_app = create_counting_app
sys.exit(__main__.main(sys.argv[2:]))
