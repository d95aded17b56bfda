"""The style sheet of the HTML page, readable on light and on dark screens. Knows no readings."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f6f5f2; --text: #1d1d1f; --faint: #6a6a70; --card: #ffffff; --line: #d9d7d1; --box: #1565c0;
  --low: #ffc9c2; --middle: #ffe3b0; --high: #fdf6c9; --doubt: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #18191b; --text: #e6e5e2; --faint: #a0a0a6; --card: #222326; --line: #3a3b3f;
    --low: #7a2a24; --middle: #6b4a12; --high: #4c4713; --doubt: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 110rem; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
.facts { color: var(--faint); margin: 0 0 1rem; }
.facts b { color: var(--text); }
.pages { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; align-items: start; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .9rem; min-width: 0; }
.page { position: relative; }
.page img { display: block; width: 100%; height: auto; }
.page svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.page rect { fill: var(--box); fill-opacity: .05; stroke: var(--box); stroke-width: 2;
  vector-effect: non-scaling-stroke; }
.page text { fill: var(--box); font-family: sans-serif; font-weight: bold; }
.engraved { background: #ffffff; color: #111111; }
.engraved svg { display: block; width: 100%; height: auto; }
.text { margin-top: 1rem; }
.legend span { display: inline-block; padding: 0 .5em; margin-right: .5em; border-radius: 3px; }
pre { margin: .7rem 0 0; columns: 26rem auto; column-gap: 2rem; tab-size: 18; line-height: 1.4;
  font-family: ui-monospace, monospace; font-size: 13px; }
.row { display: block; white-space: pre-wrap; overflow-wrap: anywhere; padding-left: .4em;
  border-left: 3px solid transparent; }
.row i { display: inline-block; width: 3.4em; color: var(--faint); font-style: normal; user-select: none; }
.low { background: var(--low); } .middle { background: var(--middle); } .high { background: var(--high); }
.doubt { border-left: 3px solid var(--doubt); }
.row.doubt i::after { content: " \\25b2"; color: var(--doubt); }
a { color: inherit; }
:target { outline: 2px solid var(--doubt); }
"""
