"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the parameters that OWASP's password storage advice lists: 19 MiB, two passes, one lane.

    Django's own defaults (100 MiB, eight lanes) would let a few dozen sign-ins at once use up a small server.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
