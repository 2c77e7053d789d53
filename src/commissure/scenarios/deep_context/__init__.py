"""Questions over contexts longer than a window: recursion over sub-calls, beside one long call."""
