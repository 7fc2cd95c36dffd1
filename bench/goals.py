"""The goals of the benches: what a figure must reach, and what each bench is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a figure keeps to; `sign` is ≤ or ≥."""

    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether it is reached."""
        return value <= self.bound if self.sign == "≤" else value >= self.bound


def most(bound: float) -> Goal:
    """No more than that."""
    return Goal("≤", bound)


def least(bound: float) -> Goal:
    """No less than that."""
    return Goal("≥", bound)


GOALS = {
    "gate_vs_insert_64": least(4),
    "gate_vs_insert_256": least(7),
    "gate_cpu_us": most(40),
    "gate_one_p50_fdatasyncs": most(4),
    "mqtt_per_s": least(20_000),
    "whole_way_cpu_us": most(85),
    "whole_way_lag_p50_ms_10000": most(50),
    "live_2000_p99_ms": most(10),
    "bytes_per_reading_day": most(5),
    "bytes_per_reading_month": most(3.5),
    "pack_readings_per_s": least(200_000),
    "chart_year_ms_warm": most(5),
    "chart_year_ms_cold": most(60),
    "latest_10000_ms": most(10),
    "csv_rows_per_s": least(1_400_000),
    "csv_cp932_rows_per_s": least(1_400_000),
    "csv_peak_mb": most(150),
    "drop_month_s": most(1),
    "raw_uplink_bytes": most(250),
    "memory_idle_mb": most(600),
    "memory_gate_load_mb": most(100),
}
ABOUT = {
    "gate": "Uplinks of 2 kB answered after they are stored, beside one INSERT a request.",
    "mqtt": "Messages of a broker acknowledged after they are stored.",
    "spine": "Decoding, readings, newest values, rules: by batches of stored uplinks.",
    "whole": "From the gate to the mail at a steady pace.",
    "live": "2,000 open pages, each told of its tenant's terminals.",
    "readings": "Charts and CSV files of a year of readings, and how small they lie.",
    "raw": "Uplinks as they came, packed with a dictionary.",
    "store": "Readings taken in, packed, shown and let go, beside a plain table.",
    "memory": "The whole product, idle, by program: memory that is shared counts in parts.",
}
