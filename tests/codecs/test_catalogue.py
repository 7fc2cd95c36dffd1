"""What the simulator writes is what the example codecs read."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noroshi.codecs import catalogue
from noroshi.codecs.result import Decoded
from noroshi.codecs.sandbox import Sandbox
from noroshi.codecs.words import EXAMPLES
from tests.codecs.cast import job

SENT: list[tuple[str, bytes, dict[str, object]]] = [
    (
        "paddy",
        catalogue.encode_paddy(level_cm=-3.4, water_temperature=21.6, battery_mv=3580),
        {"level_cm": -3.4, "water_temperature": 21.6, "battery_mv": 3580.0},
    ),
    (
        "cold_store",
        catalogue.encode_cold_store(temperature=-18.25, humidity=61.5, battery_mv=3300),
        {"temperature": -18.25, "humidity": 61.5, "battery_mv": 3300.0},
    ),
    (
        "greenhouse",
        catalogue.encode_greenhouse(
            temperature=-0.5, humidity=100, co2_ppm=1200, soil_moisture=33.5, battery_mv=3000
        ),
        {
            "temperature": -0.5,
            "humidity": 100.0,
            "co2_ppm": 1200.0,
            "soil_moisture": 33.5,
            "battery_mv": 3000.0,
        },
    ),
    (
        "door",
        catalogue.encode_door(is_open=True, count=70_000, battery_mv=2900),
        {"open": True, "count": 4464.0, "battery_mv": 2900.0},
    ),
    (
        "trap",
        catalogue.encode_trap(has_sprung=True, is_tilted=False, battery_mv=3610, temperature=-7.4),
        {"sprung": True, "tilted": False, "battery_mv": 3610.0, "temperature": -7.0},
    ),
]


def values(decoded: Decoded) -> Mapping[str, object]:
    assert (decoded.error, decoded.warnings) == ("", ())
    return decoded.measurements[0].values


@pytest.mark.parametrize(("slug", "payload", "expected"), SENT, ids=[sent[0] for sent in SENT])
def test_an_example_reads_what_its_encoder_wrote(
    sandbox: Sandbox, slug: str, payload: bytes, expected: dict[str, object]
) -> None:
    assert len(payload) <= 12
    source = catalogue.source_of(slug)
    assert sandbox.check_source("javascript", source) == ""
    assert values(sandbox.decode([job("javascript", source, payload)])[0]) == expected
    refused = sandbox.decode([job("javascript", source, payload + b"\x00")])[0]
    assert refused.error == "exception"


@pytest.mark.parametrize("slug", sorted(catalogue.GRAMMARS))
def test_grammar_and_script_of_a_contact_agree(sandbox: Sandbox, slug: str) -> None:
    payload, expected = next((sent[1], sent[2]) for sent in SENT if sent[0] == slug)
    grammar = job("sigfox_grammar", catalogue.GRAMMARS[slug], payload)
    assert values(sandbox.decode([grammar])[0]) == expected


def test_every_example_has_a_name_and_a_file_and_no_other() -> None:
    assert set(EXAMPLES) == set(catalogue.SLUGS)
    assert {path.stem for path in catalogue.SCRIPTS.iterdir()} == set(catalogue.SLUGS)
    with pytest.raises(KeyError):
        catalogue.source_of("../js/runner")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(level=st.floats(-1e6, 1e6), temperature=st.floats(-50, 90), battery=st.integers(0, 5000))
def test_any_level_survives_the_radio_to_a_millimetre(
    sandbox: Sandbox, level: float, temperature: float, battery: int
) -> None:
    payload = catalogue.encode_paddy(
        level_cm=level, water_temperature=temperature, battery_mv=battery
    )
    got = values(sandbox.decode([job("javascript", catalogue.source_of("paddy"), payload)])[0])
    assert got["level_cm"] == pytest.approx(max(-3276.8, min(3276.7, level)), abs=0.0501)
    assert got["water_temperature"] == pytest.approx(temperature, abs=0.0501)
    assert got["battery_mv"] == battery
