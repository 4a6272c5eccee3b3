"""HTML building blocks of the report: page, sections, tables, plots, video. The page loads no external resource."""

import base64
import html
from collections.abc import Iterable, Sequence

STYLE_SHEET = """
:root { --ink:#1c2430; --faint:#697586; --line:#e3e7ec; --paper:#ffffff; --ground:#f4f6f8; --accent:#0d7d74; }
* { box-sizing:border-box; }
body { margin:0; background:var(--ground); color:var(--ink); line-height:1.5;
  font:15px/1.5 -apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif; }
main { max-width:1060px; margin:0 auto; padding:44px 28px 72px; }
header { margin-bottom:26px; }
.kicker { color:var(--accent); font-weight:650; letter-spacing:.08em; text-transform:uppercase; font-size:12px; }
h1 { font-size:31px; line-height:1.18; margin:6px 0 8px; letter-spacing:-.015em; font-weight:700; }
h2 { font-size:19px; margin:0 0 4px; letter-spacing:-.005em; }
h3 { font-size:15px; margin:0 0 8px; }
p { margin:0 0 12px; max-width:76ch; }
.lead { color:var(--faint); font-size:16px; }
.note { color:var(--faint); font-size:13.5px; max-width:100ch; }
section { background:var(--paper); border:1px solid var(--line); border-radius:12px; padding:24px 26px; margin:18px 0; }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(205px,1fr)); gap:14px; margin:18px 0; }
.card { background:var(--paper); border:1px solid var(--line); border-radius:12px; padding:16px 18px; }
.card .figure { font-size:30px; font-weight:700; letter-spacing:-.02em; line-height:1.15; }
.card .range { color:var(--faint); font-size:13.5px; font-variant-numeric:tabular-nums; }
.card .label { font-size:13.5px; margin-top:6px; }
.card.first { border-color:var(--accent); box-shadow:inset 0 3px 0 var(--accent); }
.sides { display:grid; grid-template-columns:minmax(0,1fr) auto; gap:34px; align-items:start; margin-top:8px; }
@media (max-width:900px) { .sides { grid-template-columns:minmax(0,1fr); } }
.flow { display:flex; flex-wrap:wrap; gap:18px 22px; align-items:flex-start; }
.flow > * { flex:0 1 auto; min-width:0; }
.scroll { overflow-x:auto; }
table { border-collapse:collapse; width:100%; font-size:14px; font-variant-numeric:tabular-nums; }
th { text-align:right; font-weight:600; color:var(--faint); font-size:12.5px; padding:6px 10px; vertical-align:bottom;
  border-bottom:1px solid var(--line); line-height:1.3; }
td { text-align:right; padding:8px 10px; border-bottom:1px solid var(--line); white-space:nowrap; vertical-align:top; }
th:first-child, td:first-child { text-align:left; padding-left:0; }
tr:last-child td { border-bottom:0; }
td small { display:block; color:var(--faint); font-size:12px; }
tr.policy td { background:#eef7f6; } tr.policy td:first-child { font-weight:650; }
td .dot { display:inline-block; width:9px; height:9px; border-radius:50%; margin:0 9px 0 8px; }
img.plot { max-width:100%; height:auto; display:block; margin:6px 0 14px; }
table.words td { text-align:left; white-space:normal; }
.flow { margin-top:20px; }
video { width:100%; border-radius:10px; display:block; background:#0b0f16; }
.good { color:#0d7d74; font-weight:600; } .bad { color:#c0392b; font-weight:600; }
footer { color:var(--faint); font-size:13px; margin-top:26px; }
@media print { body { background:#fff; } section, .card { break-inside:avoid; } }
"""


def escape(text: str) -> str:
    """Escapes plain text for HTML."""
    return html.escape(text, quote=True)


def page(title: str, body: Iterable[str]) -> str:
    """Returns a complete HTML document."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE_SHEET}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def section(title: str, *body: str, note: str = "") -> str:
    """Returns a titled section."""
    lead = f'<p class="note">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{lead}{''.join(body)}</section>"


def card(figure: str, interval: str, label: str, first: bool = False) -> str:
    """Returns a card with one large number."""
    return (
        f'<div class="card{" first" if first else ""}"><div class="figure">{escape(figure)}</div>'
        f'<div class="range">{escape(interval)}</div><div class="label">{escape(label)}</div></div>'
    )


def table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], kind: str = "") -> str:
    """Returns a table of rows (CSS class, cells). Cells are HTML; heads are text, with newlines as line breaks."""
    head = "".join(f"<th>{escape(name).replace(chr(10), '<br>')}</th>" for name in heads)
    body = "".join(
        f'<tr class="{mark}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for mark, cells in rows
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def plot(svg: str, alternative: str) -> str:
    """Embeds an SVG plot as an image, so that element ids of several plots cannot collide."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img class="plot" alt="{escape(alternative)}" src="data:image/svg+xml;base64,{data}">'


def film(data: bytes, kind: str) -> str:
    """Embeds a video that plays automatically, muted and in a loop; `kind` is `webm` or `mp4`."""
    text = base64.b64encode(data).decode()
    return f'<video controls autoplay muted loop playsinline src="data:video/{kind};base64,{text}"></video>'


def wrap(kind: str, *body: str) -> str:
    """Returns a div of one CSS class."""
    return f'<div class="{kind}">{"".join(body)}</div>'
