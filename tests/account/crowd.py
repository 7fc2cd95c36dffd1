"""A program for test_crowd.py: 200 sign-ins at one moment; prints what came of it."""

import json
import os
import sys
import threading
from collections import Counter

import django
from django.conf import settings

PEOPLE = 200
PASSWORD = "beacon fire on the hill"


def main() -> None:
    """Compare 200 passwords in 200 threads, behind the product's own middleware."""
    settings.configure(
        DEBUG=False,
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="tests.account.crowd_urls",
        MIDDLEWARE=["noroshi.account.busy.Busy"],
        INSTALLED_APPS=["noroshi.ui", "django.contrib.staticfiles"],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [sys.argv[1]],
                "APP_DIRS": True,
            }
        ],
        STATIC_URL="static/",
        PASSWORD_HASHERS=["noroshi.tenants.hashers.Argon2id"],
        LANGUAGE_CODE="ja",
        USE_TZ=True,
    )
    django.setup()
    # Only now: both want the settings.
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    os.environ["CROWD_HASH"] = make_password(PASSWORD)
    Client().post("/", {"password": PASSWORD})
    before = peak_kib()
    answers: Counter[str] = Counter()
    gate = threading.Barrier(PEOPLE)

    def come_in(number: int) -> None:
        client = Client()
        gate.wait()
        answer = client.post("/", {"password": PASSWORD if number % 2 else "wrong"})
        words = "busy" if "混み合って" in answer.content.decode() else answer.content.decode()
        answers[f"{answer.status_code} {words} {answer.get('Retry-After', '')}".strip()] += 1

    people = [threading.Thread(target=come_in, args=(number,)) for number in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    grown = peak_kib() - before
    sys.stdout.write(json.dumps({"answers": answers, "grown_kib": grown}))


def peak_kib() -> int:
    """The most memory this process ever held, so that no moment between two looks is missed."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1])


if __name__ == "__main__":
    main()
