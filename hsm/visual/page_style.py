"""How a page looks: one column with one right edge, on a phone, in the light and in the dark."""

from __future__ import annotations

# The drawings' colours, by `hsm.visual.inline_svg`, are Okabe and Ito's: darker on white paper
# where they are pale, lighter on black where they are deep.
STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --soft: #5a5a5a;
  --line: #d0d0d0; --band: rgb(0 0 0 / .045); --shade: rgb(0 0 0 / .28); --link: #00558c;
  --right: #0072b2; --wrong: #b84d00; --e69f00: #b97f00; --56b4e9: #2f93cc; --17becf: #0e97a5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --soft: #ababab;
  --line: #444444; --band: rgb(255 255 255 / .06); --shade: rgb(255 255 255 / .3);
  --link: #7cc4f5; --right: #5cb8f0; --wrong: #ff8b4a; --e69f00: #e69f00; --56b4e9: #8fd0f5;
  --17becf: #17becf; --0072b2: #4a9fe0; --d55e00: #f0742a; --009e73: #1fbf90;
  --8c564b: #c08a7e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 3rem 0 .75rem; border-top: 1px solid var(--line);
  padding-top: .75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
a { color: var(--link); } .kind { color: var(--soft); margin: 0; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .3rem 0; }
.verdict { border-left: .3rem solid var(--link); margin: 1rem 0; padding: .25rem 0 .25rem 1rem;
  list-style: none; }
.verdict li { margin: .35rem 0; } .verdict li:first-child { font-weight: 600; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
/* A shade at an edge says that the table goes on there; the local layers cover it at the end. */
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .25rem;
  background: linear-gradient(to left, var(--paper) 40%, transparent) right / 3rem 100% local,
    linear-gradient(to left, var(--shade), transparent) right / 1.1rem 100% scroll, var(--paper);
  background-repeat: no-repeat; }
.more { display: none; color: var(--soft); font-size: .875rem; margin: 0 0 .25rem; }
table { border-collapse: collapse; min-width: 100%; overflow-wrap: normal;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
thead th { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 400; }
tbody tr:nth-child(even) > td { background: var(--band); }
tbody tr:nth-child(even) > th { background: linear-gradient(var(--band), var(--band)),
  var(--paper); }
td.best { font-weight: 700; box-shadow: inset 0 -2px currentColor; }
figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
.drawings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr));
  gap: 1rem; }
.drawn { display: block; width: 100%; height: auto; fill: var(--ink); stroke-linejoin: round; }
.query { display: grid; grid-template-columns: 8rem 1fr; gap: 1rem; padding: 1rem 0;
  border-top: 1px solid var(--line); }
.found { display: grid; grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: .75rem;
  margin: 0; padding: 0; list-style: none; }
.card { font-size: .875rem; line-height: 1.35; margin: 0; }
.card img { display: block; width: 100%; height: auto; border-radius: .2rem; margin-bottom: .25rem;
  border: 3px solid var(--line); }
.card .small { image-rendering: pixelated; }
.card .name { display: block; font-weight: 600; } .card .far { color: var(--soft); }
.right, .wrong { font-weight: 600; } .right { color: var(--right); } .wrong { color: var(--wrong); }
.is-right img { border-color: var(--right); } .is-wrong img { border: 3px dashed var(--wrong); }
details { border: 1px solid var(--line); border-radius: .25rem; padding: .5rem .75rem;
  margin: .5rem 0; } summary { cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; }
.words dt { color: var(--ink); font-weight: 600; }
.settings { grid-template-columns: 1fr minmax(8rem, max-content); }
.settings dt { color: var(--ink); } .settings dd { text-align: right; }
code { font: .875rem ui-monospace, monospace; }
@media (max-width: 40rem) {
  .wide + .scroll { margin-top: 0; } .more.wide { display: block; }
  h1 { font-size: 1.3rem; }
  /* Names break, a number with its deviation does not. */
  table { font-size: .75rem; } th, td { padding: .3rem .2rem; } th { white-space: normal; }
  th:first-child { padding-left: .4rem; } tr > :last-child { padding-right: .4rem; }
  .query { grid-template-columns: 1fr; } .query > .card { width: 8rem; }
  .found { grid-template-columns: repeat(3, 1fr); }
  dl, .settings { grid-template-columns: 1fr; gap: 0; } dd, .settings dd { text-align: left;
    margin-bottom: .6rem; }
  .words { grid-template-columns: 6.5rem 1fr; gap: .35rem .75rem; } .words dd { margin: 0; }
}
@media (prefers-color-scheme: dark) { .card img { filter: brightness(.8); } }
"""
