"""The scenario oolong: questions over a window, answered by a strategy of recursion, scored and accounted for."""
