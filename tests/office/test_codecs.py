"""The codec workbench: try, save, compare; a hostile script harms nobody."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from noroshi.codecs.models import Codec
from noroshi.codecs.sandbox import Sandbox
from tests.office.conftest import EUI, SOURCE, House, run, send, up, visiting


def work(office: Client, house: House, **typed: object) -> str:
    url = reverse("office-codec", args=[house.codec.pk])
    return office.post(url, {"source": SOURCE, "payload": "", "note": ""} | typed).content.decode()


def test_a_source_is_tried_without_being_saved(house: House, office: Client) -> None:
    changed = SOURCE.replace("/ 10", "/ 100")
    said = work(office, house, do="try", source=changed, payload="0x04 57", f_port="2")
    assert '<b class="num">11.11</b>' in said
    assert "/ 100" in said
    assert house.codec.versions.count() == 1


def test_htmx_gets_only_the_result(house: House, office: Client) -> None:
    url = reverse("office-codec", args=[house.codec.pk])
    typed = {"source": SOURCE, "payload": "0070", "do": "try"}
    said = office.post(url, typed, headers={"hx-request": "true"}).content.decode()
    assert said.strip().startswith('<section id="tried"')
    assert "11.2" in said


def test_real_payloads_show_what_would_become_different(
    house: House, office: Client, office_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(house, up(EUI, b"\x00\x70", house.now))
    run(office_sandbox, house)
    assert ">11.2<" not in work(office, house, do="real")  # they are a tenant's data
    visiting(house)
    same = work(office, house, do="real")
    assert ">11.2<" in same
    assert "前と違う値" not in same
    other = work(office, house, do="real", source=SOURCE.replace("/ 10", "/ 20"))
    assert "5.6" in other
    assert "前と違う値" in other


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function decodeUplink() { for (;;) {} }", "時間内に終わりませんでした"),
        (
            "function decodeUplink() { var a = []; for (;;) a.push(new Array(1e6).fill('x')); }",
            "デコーダー",
        ),
        (
            "function decodeUplink() { return {data: {x: '<img src=x onerror=alert(1)>'}}; }",
            "&lt;img",
        ),
        ("function decodeUplink() {\n  throw new Error('boom');\n}", "line 2"),
        ("function nothing() {}", "decodeUplink"),
    ],
)
def test_a_hostile_or_broken_script_gets_a_clear_answer(
    source: str, words: str, house: House, office: Client
) -> None:
    began = time.monotonic()
    said = work(office, house, do="try", source=source, payload="00")
    assert time.monotonic() - began < 10
    assert words in said
    assert "<img" not in said


def test_a_new_version_stands_in_the_list_with_its_difference(house: House, office: Client) -> None:
    changed = SOURCE.replace("/ 10", "/ 100")
    url = reverse("office-codec", args=[house.codec.pk])
    answer = office.post(url, {"source": changed, "note": "百分の一", "do": "save"}, follow=True)
    assert "版 2 を保存しました。" in answer.content.decode()
    said = office.get(reverse("office-codec-versions", args=[house.codec.pk])).content.decode()
    assert "百分の一" in said
    assert "<del>−   return {data:" in said
    assert "<ins>+   return {data:" in said


def test_a_source_that_does_not_parse_is_not_saved_and_not_lost(
    house: House, office: Client
) -> None:
    said = work(office, house, do="save", source="function decodeUplink( {", note="途中")
    assert 'aria-invalid="true"' in said
    assert "function decodeUplink( {" in said
    assert 'value="途中"' in said
    assert house.codec.versions.count() == 1


def test_bad_hex_is_told_beside_its_field(house: House, office: Client) -> None:
    said = work(office, house, do="try", payload="0g")
    assert "2文字で1バイト" in said
    assert 'value="0g"' in said


@pytest.mark.parametrize(
    ("kind", "source", "payload", "words"),
    [
        ("javascript", SOURCE, "0070", "11.2"),
        ("sigfox_grammar", "t::int:16 open::bool:7", "0070", "112"),
        ("cayenne_lpp", "", "03 67 01 10", "27.2"),
    ],
)
def test_a_codec_of_each_kind_is_tried_and_made(
    kind: str, source: str, payload: str, words: str, house: House, office: Client
) -> None:
    url = reverse("office-codec-new")
    typed = {"name": "新しい", "kind": kind, "source": source, "payload": payload}
    assert words in office.post(url, typed | {"do": "try"}).content.decode()
    assert not Codec.objects.filter(name="新しい").exists()
    assert office.post(url, typed | {"do": "save"}).status_code == 302
    assert Codec.objects.get(name="新しい").versions.get().source == source


def test_a_grammar_error_names_its_place(house: House, office: Client) -> None:
    typed = {"name": "新しい", "kind": "sigfox_grammar", "source": "t::int:99", "do": "save"}
    assert "文字目" in office.post(reverse("office-codec-new"), typed).content.decode()


def test_a_name_in_use_is_refused(house: House, office: Client) -> None:
    typed = {"name": "冷蔵庫", "kind": "cayenne_lpp", "source": "", "do": "save"}
    said = office.post(reverse("office-codec-new"), typed).content.decode()
    assert "この名前のデコーダーはすでにあります。" in said


def test_an_example_fills_the_form(house: House, office: Client) -> None:
    said = office.get(reverse("office-codec-new") + "?from=door").content.decode()
    assert "Door contact" in said
    grammar = office.get(reverse("office-codec-new") + "?from=door&kind=sigfox_grammar")
    assert "open:0:bool:7" in grammar.content.decode()


def test_the_same_source_makes_no_new_version(house: House, office: Client) -> None:
    said = work(office, house, do="save", source=SOURCE.replace("\n", "\r\n"))
    assert "いまの版から変わっていません。" in said
    assert house.codec.versions.count() == 1


def test_enter_in_the_payload_tries_and_does_not_save(house: House, office: Client) -> None:
    page = office.get(reverse("office-codec", args=[house.codec.pk])).content.decode()
    assert page.index('value="try"') < page.index('value="save"')
