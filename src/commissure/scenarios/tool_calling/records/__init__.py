"""Questions with exact answers: generated documents, and function calls of the Berkeley leaderboard."""
