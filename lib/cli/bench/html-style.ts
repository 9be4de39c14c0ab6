/**
 * The style sheet of the report page: light and dark by the reader's preference, one column on a telephone. Text only.
 */

import { Html } from './html-template.js';

const CSS = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3ea; --text: #1b2230; --soft: #566072;
  --accent: #1d4fd8; --burstwire: #2f6bff; --burstwire-2: #12a594; --baseline: #8a93a5; --baseline-2: #b4bbc8;
  --ceiling: #c9a227; --ceiling-2: #e0c878; --whisker: #1b2230; --mark: #b3123c; --warn-bg: #fff4d6; --warn: #6b4e00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f131a; --card: #171d27; --line: #2b3442; --text: #e7ebf2; --soft: #a3aec0;
    --accent: #8fb2ff; --burstwire: #5b8cff; --burstwire-2: #2cc7b4; --baseline: #7d8798; --baseline-2: #566072;
    --ceiling: #d9b544; --ceiling-2: #8f7a35; --whisker: #f4f6fa; --mark: #ff7a96; --warn-bg: #3a2f10; --warn: #ffe2a0;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 56px; }
header h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
header p { margin: 0; color: var(--soft); max-width: 70ch; }
h2 { font-size: 20px; line-height: 1.3; margin: 0 0 4px; }
h3 { font-size: 16px; margin: 28px 0 8px; }
details { margin-top: 24px; }
summary { font-weight: 600; cursor: pointer; margin-bottom: 8px; }
p { margin: 0 0 12px; max-width: 75ch; }
code { font: 0.92em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px; margin-top: 20px; }
.soft { color: var(--soft); }
.highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(185px, 1fr)); gap: 14px; margin-top: 24px; }
.highlight { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; }
.highlight b { display: block; font-size: 38px; line-height: 1.1; color: var(--accent); letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.highlight span { display: block; margin-top: 6px; color: var(--soft); font-size: 15px; line-height: 1.4; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 16px; padding: 0; list-style: none; color: var(--soft); font-size: 14px; }
.legend li { display: flex; align-items: center; gap: 7px; }
.legend i { width: 12px; height: 12px; border-radius: 3px; flex: none; }
.legend i.line { width: 3px; height: 16px; border-radius: 1px; background: var(--mark); }
.legend i.span { width: 16px; height: 9px; border-radius: 0; border: solid var(--whisker); border-width: 0 1.5px; background: linear-gradient(var(--whisker), var(--whisker)) center / 100% 1.5px no-repeat; }
svg.chart { display: block; overflow: visible; }
svg.chart text { font-size: 14px; fill: var(--text); }
svg.chart text.value { font-weight: 600; font-variant-numeric: tabular-nums; }
svg .axis { fill: var(--line); }
svg .whisker line { stroke: var(--whisker); stroke-width: 1.5; }
svg .mark { stroke: var(--mark); stroke-width: 3; }
.burstwire { fill: var(--burstwire); background: var(--burstwire); }
.burstwire-2 { fill: var(--burstwire-2); background: var(--burstwire-2); }
.baseline { fill: var(--baseline); background: var(--baseline); }
.baseline-2 { fill: var(--baseline-2); background: var(--baseline-2); }
.ceiling { fill: var(--ceiling); background: var(--ceiling); }
.ceiling-2 { fill: var(--ceiling-2); background: var(--ceiling-2); }
.trains { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 12px 32px; margin: 14px 0 16px; }
.trains figure { margin: 0; }
.trains svg { display: block; width: 100%; max-width: 400px; height: auto; }
.trains figcaption { font-size: 14px; color: var(--soft); margin-top: 6px; }
.trains .wall { fill: var(--line); }
.trains .wire { stroke: var(--soft); stroke-width: 2; fill: none; }
.trains .head { fill: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 8px; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; line-height: 1.3; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 600; min-width: 190px; }
td > span { white-space: nowrap; }
thead th { min-width: 64px; }
tbody th small { display: block; font-weight: 400; color: var(--soft); line-height: 1.35; }
td small { display: block; color: var(--soft); }
tr.missing td { text-align: left; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 20px; margin: 12px 0 0; font-size: 15px; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
ul.plain { margin: 0; padding-left: 20px; }
ul.plain li { margin-bottom: 6px; max-width: 75ch; }
.notes { background: var(--warn-bg); color: var(--warn); }
footer { margin-top: 28px; color: var(--soft); font-size: 14px; }
@media (max-width: 720px) {
  main { padding: 22px 12px 40px; }
  header h1 { font-size: 24px; }
  .card { padding: 18px 16px; }
  .highlight b { font-size: 32px; }
  svg.chart text { font-size: 13px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 10px; }
  thead { display: none; }
  table, tbody, tr, th, td { display: block; }
  tr { padding: 12px 0; border-bottom: 1px solid var(--line); }
  th, td { border: 0; padding: 2px 0; }
  tbody th { padding-bottom: 6px; font-size: 15px; }
  td { display: flex; justify-content: space-between; gap: 16px; }
  td::before { content: attr(data-label); color: var(--soft); text-align: left; }
  td > span { text-align: right; flex: none; max-width: 100%; }
  tr.missing td::before { content: none; }
  td small { display: block; }
}
`;

export const STYLE = new Html(CSS);
