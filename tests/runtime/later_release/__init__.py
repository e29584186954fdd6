"""The migrations of `portal.operations` as a later release might bring them."""
