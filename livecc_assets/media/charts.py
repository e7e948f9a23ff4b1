"""Pictures of an artifact's numbers for its page in the UI, as PNG bytes about 700 px wide.

matplotlib is imported inside the functions (the code location must load without it) and used through ``Figure``
alone: no pyplot, so no global state, no display and no trouble with threads.
"""

import base64
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, KEPT, OUTSIDE = "#1f2937", "#6b7280", "#e5e7eb", "#2563a8", "#c3cad5"
#: Colours of rejection reasons and curves; told apart with deficient colour vision too (after Okabe and Ito).
PALETTE = ("#e69f00", "#cc6677", "#56b4e9", "#009e73", "#aa4499", "#b8a600", "#d55e00", "#88ccee")
OTHER = "other reasons"
_WIDTH_IN, _DPI = 7.2, 110


def markdown_image(png: bytes, alt: str = "") -> str:
    """Markdown that carries the picture inside itself, for ``MetadataValue.md``; no file has to outlive the run."""
    return f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})"


def funnel(counts: Sequence[tuple[str, int, Mapping[str, int]]], title: str = "Kept and rejected") -> bytes:
    """One bar a stage, from raw to selected: what it kept, and what it rejected for which reason.

    ``counts`` holds (stage, kept, {reason: rejected}). Beyond the palette's length the rarest reasons are summed up
    as "other reasons", and the legend says how many there are.
    """
    totals = Counter[str]()
    for _, _, rejected in counts:
        totals.update(rejected)
    named = [reason for reason, number in totals.most_common(len(PALETTE)) if number > 0]
    colours = dict(zip(named, PALETTE, strict=False))
    # The legend wraps to rows of three, below the bars.
    legend_rows = math.ceil((len(named) + 2) / 3)
    figure, axes = _figure(title, height=1.25 + 0.42 * max(len(counts), 1) + 0.24 * legend_rows)
    widest = max((kept + sum(rejected.values()) for _, kept, rejected in counts), default=0) or 1
    drawn: dict[str, str] = {}
    for row, (_, kept, rejected) in enumerate(counts):
        segments = [("kept", kept, KEPT)]
        segments += [(reason, rejected.get(reason, 0), colours[reason]) for reason in named]
        segments.append((OTHER, sum(number for reason, number in rejected.items() if reason not in colours), OUTSIDE))
        left = 0
        for name, number, colour in segments:
            if number:
                axes.barh(row, number, left=left, height=0.62, color=colour, edgecolor="white", linewidth=0.6)
                drawn[name] = colour
                left += number
        share = f" ({100 * kept / left:.0f} %)" if left else ""
        axes.text(left + widest * 0.012, row, f"{kept:,} of {left:,}{share}", va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(counts)), [stage for stage, _, _ in counts])
    axes.set_ylim(max(len(counts), 1) - 0.5, -0.5)
    axes.set_xlim(0, widest * 1.24)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    _legend_below(axes, [(_reason_label(name, totals, colours), colour) for name, colour in drawn.items()])
    return _png(figure)


def loss_histogram(
    values: Iterable[float],
    low: float | None,
    high: float | None,
    title: str = "Text loss",
    unit: str = "nats per token",
) -> bytes:
    """Distribution of losses with the selection's band drawn in; ``None`` leaves that side of the band open."""
    bottom, top = -math.inf if low is None else low, math.inf if high is None else high
    marks = [mark for mark in (low, high) if mark is not None]
    return _distribution(values, lambda value: bottom <= value <= top, marks, title, unit)


def histogram(
    values: Iterable[float], threshold: float | None = None, title: str = "", unit: str = "score", keep: str = "above"
) -> bytes:
    """Distribution of a score; with a ``threshold`` the kept side (``above`` or ``below``, inclusive) is coloured."""
    if keep not in ("above", "below"):
        raise ValueError(f"keep is 'above' or 'below', not {keep!r}")

    def kept(value: float) -> bool:
        return threshold is None or (value >= threshold if keep == "above" else value <= threshold)

    return _distribution(values, kept, [] if threshold is None else [threshold], title, unit)


def loss_curve(
    series: Mapping[str, Sequence[tuple[float, float]]], title: str = "Training loss", unit: str = "nats per token"
) -> bytes:
    """Curves of (step, value) points by name; the last value stands in the legend. Not finite: a gap."""
    figure, axes = _figure(title, height=3.4)
    for number, (name, points) in enumerate(series.items()):
        colour = (KEPT, *PALETTE)[number % (len(PALETTE) + 1)]
        ordered = sorted(points)
        if not ordered:
            continue
        steps, values = zip(*ordered, strict=True)
        shown = [value if math.isfinite(value) else math.nan for value in values]
        marker = "o" if len(ordered) < 3 else None
        axes.plot(
            steps,
            shown,
            color=colour,
            linewidth=1.8,
            marker=marker,
            markersize=4,
            label=f"{name} (last {values[-1]:.3g})",
        )
    axes.set_xlabel("optimizer step")
    axes.set_ylabel(unit)
    if axes.lines:
        axes.legend(frameon=False, fontsize=9, loc="upper right")
    return _png(figure)


def win_rate_bars(
    rows: Sequence[tuple[str, float, float | None, float | None]],
    title: str = "Win rate",
    unit: str = "%",
    reference: float | None = 50.0,
) -> bytes:
    """One bar a row (label, value, low, high), the interval as a whisker; ``reference`` (a draw) is a dashed line."""
    figure, axes = _figure(title, height=1.15 + 0.44 * max(len(rows), 1))
    right = max((max(value, high if high is not None else value) for _, value, _, high in rows), default=1.0)
    left = min((min(value, low if low is not None else value) for _, value, low, _ in rows), default=0.0)
    right, left = max(right, reference or 0.0, 1e-9), min(left, 0.0)
    room = (right - left) * 0.02
    for row, (_, value, low, high) in enumerate(rows):
        axes.barh(row, value, height=0.56, color=KEPT)
        text = f"{value:.1f}"
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color=INK, linewidth=1.4, solid_capstyle="butt")
            axes.plot([low, high], [row, row], color=INK, linestyle="", marker="|", markersize=9)
            text += f"  [{low:.1f}, {high:.1f}]"
        axes.text(max(value, high or value, 0.0) + room, row, text, va="center", fontsize=9, color=INK)
    if reference is not None:
        axes.axvline(reference, color=MUTED, linestyle=(0, (4, 3)), linewidth=1)
    if left < 0:
        axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows])
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_xlim(left - (room if left < 0 else 0), right + (right - left) * 0.34)
    axes.set_xlabel(unit)
    return _png(figure)


def _distribution(
    values: Iterable[float], kept: Callable[[float], bool], marks: list[float], title: str, unit: str
) -> bytes:
    """Histogram whose bars are split exactly at ``marks``, so no bar mixes kept and rejected values."""
    from matplotlib.ticker import MaxNLocator

    numbers = [float(value) for value in values]
    finite = sorted(value for value in numbers if math.isfinite(value))
    figure, axes = _figure(title, height=3.2)
    inside = [value for value in finite if kept(value)]
    if finite:
        edges = _edges(finite, marks)
        axes.hist(finite, bins=edges, color=OUTSIDE, edgecolor="white", linewidth=0.5)
        if inside:
            axes.hist(inside, bins=edges, color=KEPT, edgecolor="white", linewidth=0.5)
    axes.margins(y=0.14)  # room for the marks' numbers above the tallest bar
    for mark in marks:
        axes.axvline(mark, color=INK, linestyle=(0, (4, 3)), linewidth=1.1)
        axes.annotate(
            f"{mark:g}",
            (mark, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            fontsize=9,
            textcoords="offset points",
            va="top",
            color=INK,
        )
    note = f"{len(inside):,} of {len(numbers):,} " + ("kept" if marks else "values")
    if len(finite) < len(numbers):
        note += f", {len(numbers) - len(finite):,} not finite"
    axes.set_title(note, loc="right", fontsize=9, color=MUTED)
    axes.set_xlabel(unit)
    axes.set_ylabel("rows")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return _png(figure)


def _edges(ordered: list[float], marks: list[float]) -> list[float]:
    """About 40 bin edges over the values, aligned so that every mark is an edge."""
    low, high = min(ordered[0], *marks, ordered[0]), max(ordered[-1], *marks, ordered[-1])
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (high - low) / 40
    edges = {low + step * index for index in range(41)}
    # An edge that nearly meets a mark would leave a sliver of a bar beside it.
    return sorted(
        {edge for edge in edges if all(abs(edge - mark) > step / 2 for mark in marks)} | set(marks) | {low, high}
    )


def _reason_label(name: str, totals: Counter[str], colours: Mapping[str, str]) -> str:
    if name == "kept":
        return name
    if name != OTHER:
        return f"{name.replace('_', ' ')} ({totals[name]:,})"
    rest = {reason: number for reason, number in totals.items() if reason not in colours and number > 0}
    return f"{len(rest)} {OTHER} ({sum(rest.values()):,})"


def _legend_below(axes: "Axes", entries: list[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    if entries:
        axes.legend(
            handles=[Patch(color=colour, label=label) for label, colour in entries],
            ncols=3,
            frameon=False,
            fontsize=9,
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.02),
            borderaxespad=0.2,
            handlelength=1.0,
        )


def _figure(title: str, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_IN, height), dpi=_DPI, layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.tick_params(axis="y", labelcolor=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=MUTED, fontsize=9)
    return figure, axes


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
