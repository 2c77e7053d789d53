"""A loopback server that stands in for the real providers: streams with real delays, faults on demand, accounts."""

from tests.support.api.faults import FAULTS
from tests.support.api.flavours import FLAVOURS
from tests.support.api.running import ApiProcess, api_process, api_server, settled
from tests.support.api.server import ApiServer

__all__ = ["FAULTS", "FLAVOURS", "ApiProcess", "ApiServer", "api_process", "api_server", "settled"]
