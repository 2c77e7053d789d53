"""One interface to an endpoint, real or modelled: runtime, call, profile, fleet, ledger, calibration."""
