"""When a workflow graph says that an agent is needed next."""
