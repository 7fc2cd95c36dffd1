"""Say yes on the page that shows an act of intent."""

from django.http import HttpResponse
from django.test import Client

from noroshi.tenants.chain import text_hash
from noroshi.tenants.models import IntentDraft
from tests.web.conftest import PASSWORD


def confirmed(who: Client, asked: HttpResponse, password: str = PASSWORD) -> HttpResponse:
    """The answer to the password, on the page that a form led to."""
    assert asked.status_code == 302
    address = asked["Location"]
    text = IntentDraft.objects.get(code=address.split("/")[2]).text
    return who.post(address, {"password": password, "text_sha256": text_hash(text)})
