"""What keeps calls alive on endpoints that fail: retry, circuit breaker, rate limits, hedging."""
