"""The claims of recursion on other chips, computed from public prices, speeds and token counts."""
