"""The contract of an endpoint as a suite that anybody runs on theirs: real, modelled or replayed.

rt.run(check_endpoint, rt, endpoint)           # raises AssertionError with what is broken
rt.run(check_faults, rt, endpoint, server)     # of a server that plays faults on demand
"""

from commissure.hal.conformance.contract import CHECKS, Check, check_endpoint
from commissure.hal.conformance.faults import FAULTS, FaultyServer, check_fault, check_faults

__all__ = ["CHECKS", "FAULTS", "Check", "FaultyServer", "check_endpoint", "check_fault", "check_faults"]
