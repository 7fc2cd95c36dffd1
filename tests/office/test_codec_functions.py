"""The workbench shows a source's functions, and tries its encoder and normalizer."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.office.conftest import SOURCE, House

BOTH = (
    SOURCE
    + """
function normalizeUplink(input) { return {data: {air: {temperature: input.data.temperature}}}; }
function encodeDownlink(input) {
  if (input.data.bad) return {errors: ["<b>no"]};
  return {bytes: [input.data.v, 300], fPort: input.fPort};
}
function decodeDownlink(input) { return {data: {v: input.bytes[0]}}; }
"""
)


def work(office: Client, house: House, **typed: str) -> str:
    url = reverse("office-codec", args=[house.codec.pk])
    return office.post(url, {"source": BOTH, "payload": "", "note": ""} | typed).content.decode()


def test_the_functions_of_the_saved_source_are_named(house: House, office: Client) -> None:
    page = office.get(reverse("office-codec", args=[house.codec.pk])).content.decode()
    shown = page[page.index("ソースにある関数") :]
    assert "<code>decodeUplink</code>" in shown
    assert "<code>encodeDownlink</code>" not in shown


def test_the_functions_of_the_typed_source_are_named(house: House, office: Client) -> None:
    said = work(office, house, do="try", payload="0070")
    for name in ("decodeUplink", "normalizeUplink", "encodeDownlink", "decodeDownlink"):
        assert f"<code>{name}</code>" in said


def test_what_the_normalizer_added_is_told_apart(house: House, office: Client) -> None:
    said = work(office, house, do="try", payload="0070")
    assert '<code>air.temperature</code> <b class="num">11.2</b>' in said
    assert "normalizeUplink が加えた項目 <code>air.temperature</code>" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"v": 5}', '<code class="hex">05 2C</code> ・ fPort 9'),
        ('{"v": 5}', '<code>v</code> <b class="num">5</b>'),
        ('{"bad": 1}', "&lt;b&gt;no"),
        ('{"v": "5"}', "数ではないもの"),
        ("[5]", "JSON のオブジェクトとして読めません。"),
    ],
)
def test_the_encoder_is_tried_on_an_object(
    content: str, words: str, house: House, office: Client
) -> None:
    said = work(office, house, do="encode", content=content, f_port="9")
    assert words in said
    assert house.codec.versions.count() == 1


def test_a_source_without_an_encoder_says_so(house: House, office: Client) -> None:
    said = work(office, house, do="encode", source=SOURCE, content="{}")
    assert "encodeDownlink（または Encode、Encoder）がありません" in said


def test_htmx_gets_only_the_encoders_result(house: House, office: Client) -> None:
    url = reverse("office-codec", args=[house.codec.pk])
    typed = {"source": BOTH, "do": "encode", "content": '{"v": 1}'}
    said = office.post(url, typed, headers={"hx-request": "true"}).content.decode()
    assert said.strip().startswith('<section id="tried"')
    assert "01 2C" in said
