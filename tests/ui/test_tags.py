"""The template tags, rendered as a page renders them."""

from datetime import UTC, datetime

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from noroshi.ui.icons import ICONS, MARKS
from noroshi.ui.nav import NavItem

NOW = datetime(2026, 11, 21, 16, 14, tzinfo=UTC)


class Limit(forms.Form):
    name = forms.CharField(label="名前", help_text="画面に出る名前です。")
    upper = forms.DecimalField(label="上限", required=False)
    tell = forms.BooleanField(label="復帰も知らせる", required=False)
    day = forms.ChoiceField(label="曜日", choices=[("1", "平日")], widget=forms.RadioSelect)
    hidden = forms.CharField(widget=forms.HiddenInput, required=False)


def render(source, path="/", **context):
    context.setdefault("request", RequestFactory().get(path))
    with translation.override("ja"), timezone.override("Asia/Tokyo"):
        return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize("kind", MARKS)
def test_a_state_has_a_shape_a_colour_and_a_word(kind):
    html = render("{% state kind %}", kind=kind)
    assert f'class="state {kind}"' in html
    assert "<svg" in html
    assert html.split("</svg>")[1].removesuffix("</span>")


def test_the_shapes_of_the_states_differ():
    assert len(set(MARKS.values())) == len(MARKS)


def test_a_state_says_the_words_it_is_given_and_escapes_them():
    html = render("{% state 'alarm' words %}", words="<b>10:15から")
    assert "&lt;b&gt;10:15から" in html


def test_a_state_nobody_drew_is_refused():
    with pytest.raises(KeyError):
        render("{% state 'happy' %}")


def test_a_figure_carries_its_unit():
    html = render("{% measured -21.55 1 '℃' %}")
    assert html == '<span class="num">−21.6<span class="unit">℃</span></span>'


def test_no_figure_carries_no_unit():
    assert render("{% measured None 1 '℃' %}") == '<span class="num">—</span>'


def test_text_from_a_device_is_escaped():
    assert "<script>" not in render("{% measured value 1 '' %}", value="<script>")


def test_an_instant_is_a_time_element():
    html = render("{{ at|jst }}", at=NOW)
    assert 'datetime="2026-11-21T16:14:00+00:00"' in html
    assert ">2026/11/22(日) 01:14</time>" in html


def test_an_age_keeps_the_instant_in_its_title():
    html = render("{{ at|ago:now }}", at=NOW, now=NOW.replace(minute=26))
    assert ">12分前</time>" in html
    assert 'title="2026/11/22(日) 01:14:00"' in html


@pytest.mark.parametrize("source", ["{{ at|jst }}", "{{ at|ago }}"])
def test_no_instant_is_a_dash(source):
    assert render(source, at=None) == "—"


def test_a_query_string_changes_only_what_is_asked():
    html = render("{% qs page=2 q=None %}", path="/?site=1&q=a&page=9&site=2")
    assert html == "?site=1&amp;site=2&amp;page=2"


def test_a_pager_keeps_the_rest_of_the_address():
    page = Paginator(range(95), 20).page(2)
    html = render("{% pager page %}", path="/?q=a&page=2", page=page)
    assert 'href="?q=a&amp;page=1"' in html
    assert 'href="?q=a&amp;page=3"' in html
    assert "95件中 21〜40件" in html


def test_one_page_needs_no_pager():
    assert render("{% pager page %}", page=Paginator(range(5), 20).page(1)).strip() == ""


def test_a_field_is_tied_to_its_help_and_its_errors():
    html = render("{% field form.name %}", form=Limit({"name": ""}))
    assert 'aria-describedby="id_name_help id_name_errors"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_help"' in html
    assert 'id="id_name_errors"' in html
    assert '<label for="id_name">名前' in html


def test_what_was_typed_is_kept_beside_the_error():
    html = render("{% field form.upper unit='℃' %}", form=Limit({"upper": "暑い"}))
    assert 'value="暑い"' in html
    assert 'class="error"' in html
    assert "℃" in html


def test_a_check_stands_in_its_label_and_a_choice_in_a_fieldset():
    form = Limit()
    assert 'class="check"' in render("{% field form.tell %}", form=form)
    assert "<legend>曜日" in render("{% field form.day %}", form=form)


def test_a_hidden_field_shows_nothing():
    html = render("{% field form.hidden %}", form=Limit())
    assert "label" not in html


def test_every_sign_of_the_menu_can_be_drawn():
    for name in ICONS:
        assert "<path" in render("{% icon name %}", name=name)


def test_a_chart_brings_its_words_and_its_zone():
    html = render("{% chart '/d/1/chart' '温度' '/d/1/table' %}")
    assert 'data-src="/d/1/chart"' in html
    assert 'data-tz="Asia/Tokyo"' in html
    assert 'data-word-gap="未受信"' in html
    assert 'href="/d/1/table"' in html


def test_a_chart_follows_the_news_of_its_device_and_only_the_first_explains():
    first = render("{% chart '/c' '温度' device='cold2' %}")
    assert 'data-live-devices="cold2"' in first
    assert "線は平均" in first
    assert "線は平均" not in render("{% chart '/c' '湿度' is_first=False %}")


def test_a_badge_that_lives_stands_there_unseen_at_zero():
    html = render("{% include 'ui/_nav.html' %}", nav=[NavItem("警報", "/a", live_src="/live/a/")])
    assert 'data-live-src="/live/a/"' in html
    assert "hidden>0<" in html


def test_the_menu_marks_where_one_is_and_counts_what_waits():
    nav = [NavItem("ホーム", "/", current=True), NavItem("警報", "/alarms", badge=2, more=True)]
    html = render("{% include 'ui/_nav.html' %}", nav=nav, user_name="あき")
    assert '<a href="/" aria-current="page">ホーム' in html
    assert '<span class="badge">2' in html
    assert html.index("popover>") < html.index("警報")
