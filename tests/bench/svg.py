"""The little of SVG that the plots of the benchmarks need."""

from __future__ import annotations

from html import escape

COLOURS = ("#8a8a8a", "#1f6fb2", "#12416b", "#c77a00", "#b03060")


def picture(width: float, height: float, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, said: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def level(x1: float, x2: float, y: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y:.1f}" stroke="#ddd"/>'


def curve(points: list[tuple[float, float]], colour: str, told: list[float]) -> str:
    """Through points, each of which says its value where a mouse rests on it."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{value:g}</title></circle>'
        for (x, y), value in zip(points, told, strict=True)
    )
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return "\n".join((line, *dots))
