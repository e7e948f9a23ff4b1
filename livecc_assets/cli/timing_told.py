"""What `livecc score timing` prints."""

from __future__ import annotations

from typing import Any

from livecc_assets.cli.saying import say
from livecc_assets.commentary.subtitles import clock

#: Figures that are no percent, and those of a minute's line.
_KAPPA = "silence_kappa"
_SHORT = ("timely_f1", "content_f1", _KAPPA)


def tell_timing(found: dict[str, Any], by_minute: bool = False) -> None:
    """The document as lines: figures with intervals over minutes, lags, and minute by minute where that is wanted."""
    span = f"{clock(found['begin'])} to {clock(found['end'])}, {_many(found['minutes'], 'minute')}"
    say(
        f"{found['file']} beside {found['truth']}: {span}" + (f", {found['delay']:g} s later" if found["delay"] else "")
    )
    paces = (f"{found[f'{who}words']} words ({found[f'{who}words_per_second']:.2f} a second)" for who in ("", "human_"))
    say("{} said, {} spoken by the human".format(*paces))
    for name, one in ((name, found["rates"][name]) for name in _WHAT if name in found["rates"]):
        say(
            f"{name:20} {_figure(name, one)}  {one['n']} {_WHAT[name]}"
            + (", too few to tell" if one["too_few"] else "")
        )
    if missing := [name for name in _WHAT if found[name] is None]:
        say(f"not to be told here: {', '.join(missing)}")
    lag = found["lag"]
    if lag["n"]:
        shares = f"early {lag['early']:.1f} %, in time {lag['in_time']:.1f} %, late {lag['late']:.1f} %"
        say(
            f"lag p10 {lag['p10']:+.1f} s, p50 {lag['p50']:+.1f} s, p90 {lag['p90']:+.1f} s; {shares} of {lag['n']} equal words"
        )
    if latency := found["latency"]:
        say("latency " + ", ".join(f"{name} {latency[f'latency_{name}']:.2f} s" for name in ("p50", "p95", "worst")))
    if by_minute:
        for one in found["by_minute"]:
            _tell_minute(one)
    for other in found["compared"]:
        for name, one in other["differences"].items():
            few = ", too few to tell" if other["too_few"] else ""
            shown = _figure(name, {"value": one["difference"], **one}, sign="+")
            say(
                f"minus {other['file']}: {name:18} {shown}  p = {one['p']:.4f}, {_many(other['minutes'], 'minute')}{few}"
            )


def _tell_minute(one: dict[str, Any]) -> None:
    figures = ", ".join(f"{name} {'-' if one[name] is None else f'{one[name]:.{_digits(name)}f}'}" for name in _SHORT)
    lag = "-" if one["lag_p50"] is None else f"{one['lag_p50']:+.1f} s"
    say(f"{clock(one['begin'])}  {figures}, lag {lag}, {one['words']} words beside {one['human_words']}")


def _figure(name: str, one: dict[str, Any], sign: str = "") -> str:
    digits, (low, high) = _digits(name), one["interval"]
    return f"{one['value']:{sign}6.2f} [{low:.{digits}f}, {high:.{digits}f}]"


def _digits(name: str) -> int:
    return 2 if name == _KAPPA else 1


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)


#: What a figure counts.
_WHAT = {
    "timely_f1": "content words of both",
    "timely_f1_chance": "content words of both, a minute later",
    "timely_precision": "content words said",
    "timely_recall": "content words spoken",
    _KAPPA: "seconds",
    "synchrony": "intervals",
    "content_f1": "content words of both",
    "repetition": "runs of four words said",
    "human_repetition": "runs of four words spoken",
}
