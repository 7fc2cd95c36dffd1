"""Argon2id at the strength OWASP names: 19 MiB, two passes, one lane."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Django's default takes 100 MiB a sign-in, which is a way to exhaust the machine."""

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1
