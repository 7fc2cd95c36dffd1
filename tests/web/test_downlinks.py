"""The downlink page where the codec has an encoder: objects in, bytes and their meaning shown."""

import pytest
from django.test import Client

from noroshi.codecs.models import CodecVersion
from noroshi.devices.models import Downlink
from tests.web.conftest import Cast

URL = "/d/cold2/downlinks/"
SOURCE = """
function encodeDownlink(input) {
  if (!(input.data.interval > 0)) return { errors: ["interval <b>is missing"] };
  if (input.data.short) return { bytes: [1] };
  if (input.data.endless) for (;;) {}
  return { bytes: [input.data.interval, 0, 0, 0, 0, 0, 0, -1], fPort: 7, warnings: ["slow <i>"] };
}
function decodeDownlink(input) {
  return { data: { interval: input.bytes[0], led: { on: input.bytes[7] === 255 } } };
}
"""


@pytest.fixture
def with_encoder(cast: Cast) -> Cast:
    """Aki's device with a codec that speaks both ways."""
    CodecVersion.objects.create(codec=cast.type.codec, number=4, source=SOURCE, created_at=cast.now)
    return cast


def post(aki: Client, **typed: str) -> str:
    return aki.post(URL, typed, follow=True).content.decode()


def test_an_object_is_queued_as_the_bytes_that_the_encoder_makes(
    with_encoder: Cast, aki: Client
) -> None:
    page = post(aki, content='{"interval": 10}', do="queue")
    made = Downlink.objects.latest("pk")
    assert (bytes(made.payload), made.f_port) == (b"\x0a" + bytes(6) + b"\xff", 7)
    assert "データ 0A 00 00 00 00 00 00 FF、fPort 7。" in page
    assert '<code>interval</code> <b class="num">10</b>' in page
    assert '<code>led.on</code> <b class="num">true</b>' in page


def test_an_object_is_shown_as_bytes_before_it_is_sent(with_encoder: Cast, aki: Client) -> None:
    page = post(aki, content='{"interval": 10}', do="encode")
    assert Downlink.objects.count() == 1
    assert '<code class="hex">0A 00 00 00 00 00 00 FF</code>' in page
    assert "fPort 7" in page
    assert "slow &lt;i&gt;" in page
    assert "{&quot;interval&quot;: 10}" in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"interval": 0}', "エンコーダーがエラーを返しました。（interval &lt;b&gt;is missing）"),
        ('{"interval": 1, "short": 1}', "エンコーダーが作ったのは1バイトでした。"),
        ('{"interval": 1, "endless": 1}', "エンコーダーの処理が時間内に終わりませんでした。"),
        ("{", "JSON のオブジェクトとして読めません。"),
        ("[1]", "JSON のオブジェクトとして読めません。"),
    ],
)
def test_what_cannot_be_encoded_is_told_beside_the_field_and_not_lost(
    content: str, words: str, with_encoder: Cast, aki: Client
) -> None:
    page = post(aki, content=content, do="queue")
    assert words in page
    assert 'class="error"' in page
    assert content.replace('"', "&quot;") in page
    assert Downlink.objects.count() == 1


def test_bytes_are_still_taken_and_one_of_the_two_is_needed(
    with_encoder: Cast, aki: Client
) -> None:
    assert "どちらかを書いてください" in post(aki, do="queue")
    both = post(aki, content='{"interval": 1}', payload="01" * 8, do="queue")
    assert "どちらか一方" in both
    assert Downlink.objects.count() == 1
    post(aki, payload="01" * 8, do="queue")
    made = Downlink.objects.latest("pk")
    assert (bytes(made.payload), made.f_port) == (b"\x01" * 8, None)


def test_a_codec_without_an_encoder_offers_bytes_only(cast: Cast, aki: Client) -> None:
    CodecVersion.objects.create(
        codec=cast.type.codec,
        number=4,
        source="function decodeUplink(input) { return { data: {} }; } // no Encoder here",
        created_at=cast.now,
    )
    page = aki.get(URL).content.decode()
    assert 'name="payload"' in page
    assert 'name="content"' not in page
    assert "送らずに変換を確かめる" not in page
    post(aki, content='{"interval": 1}', do="queue")
    assert Downlink.objects.count() == 1
