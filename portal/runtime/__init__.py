"""Starts, watches and stops the real parts: PostgreSQL, Redis, web, worker, beat."""
