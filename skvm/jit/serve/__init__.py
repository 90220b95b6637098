"""serve: requests of the executor come in; offers of proved code, or why it may not serve, go out of records held in memory."""
