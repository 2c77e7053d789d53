"""A loopback server that stands in for the real providers: streams with real delays, faults on demand, accounts.

    with api_server("cerebras", words_per_s=200, first_s=0.05) as server:
        server.play("http_429", "truncated")  # for the next two calls; faults.py has the table
        ...  # calls to server.url, with or without a stream
        assert server.bills[-1].output_tokens == 3

A call is a POST that generates; only calls suffer faults and are billed, one bill each in the order they came. For load
tests, api_process starts the same server as `python -m tests.support.api`; GET /_bill has its totals. How tokens are
counted stands in prompt.py, what answers contain in answer.py, the providers' shapes and their sources in flavours/.
"""

from tests.support.api.faults import FAULTS
from tests.support.api.flavours import FLAVOURS
from tests.support.api.running import ApiProcess, api_process, api_server, settled
from tests.support.api.server import ApiServer

__all__ = ["FAULTS", "FLAVOURS", "ApiProcess", "ApiServer", "api_process", "api_server", "settled"]
