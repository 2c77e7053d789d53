from types import SimpleNamespace

from commissure.theory.votes.curve import foretell


def foretell_fields(parts, ns, *, seed):
    c = foretell([p for one in parts for p in one], ns, seed=seed)
    return SimpleNamespace(records=c, fields=c)
