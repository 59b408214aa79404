/** How the page looks, on a screen and on paper. No colour carries meaning alone: what it says stands beside it. */
export const CSS = `
:root { color-scheme: light; }
body { font: 15px/1.5 Verdana, "DejaVu Sans", sans-serif; color: #1a1a1a; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #ccc; padding-bottom: .2rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e4e4e4; overflow-wrap: anywhere; }
thead { display: table-header-group; }
code, pre { font: .8rem/1.4 "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: .5rem 0 0; }
figure { margin: 0; overflow-x: auto; text-align: center; }
figure svg { max-width: 100%; height: auto; }
.verdict { border-left: .4rem solid #888; padding: .6rem 1rem; background: #f5f5f5; }
.verdict.equal { border-color: #1b7f3b; background: #eef8f0; }
.verdict.diverged { border-color: #b3261e; background: #fdf0ef; }
@page { margin: 15mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  h2, tr, figure, .verdict { break-inside: avoid; }
  h2 { break-after: avoid; }
  figure svg { max-height: 230mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}`;
