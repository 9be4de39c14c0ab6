/**
 * What the suite's page adds to the style sheet of `burstwire bench`: lines, rows of bars, wide tables. Text only.
 */

import { Html } from '../../lib/cli/bench/html-template.js';

const CSS = `
:root {
  --s0: #2f6bff; --s1: #d9480f; --s2: #0b8f7f; --s3: #8a3ffc; --s4: #5c6678; --s5: #c2185b; --s6: #4f7a0b; --s7: #0277a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --s0: #6f9bff; --s1: #ff9757; --s2: #35d0bd; --s3: #b794ff; --s4: #a3aec0; --s5: #ff7fb0; --s6: #a6d155; --s7: #55c3f0;
  }
}
main { max-width: 1240px; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 3px; }
.group { margin: 44px 0 0; font-size: 24px; letter-spacing: -0.01em; }
.group + p { margin: 4px 0 0; color: var(--soft); }
.id { color: var(--soft); font-weight: 600; margin-right: 6px; }
.bars { margin-top: 14px; }
.bar-row { padding: 5px 0 1px; }
.names { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 20px; font-size: 14px; line-height: 1.4; }
.names strong { font-weight: 600; }
.names small { color: var(--soft); font-size: 13px; margin-left: 4px; }
.names > span { min-width: 0; }
.figure { margin-left: auto; text-align: right; font-variant-numeric: tabular-nums; }
.figure i { font-style: normal; color: var(--soft); margin-left: 8px; white-space: nowrap; }
.why { color: var(--soft); }
svg.strip { display: block; overflow: visible; }
.plot { display: flex; padding-top: 8px; }
.plot svg { display: block; overflow: visible; flex: 1; min-width: 0; }
.plot svg.side { flex: none; }
svg.lines text { font-size: 12.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg.lines .grid { stroke: var(--line); }
.line line { stroke-width: 2; stroke-linecap: round; }
.line.ours line { stroke-width: 3; }
.line line.thin { stroke-width: 1.5; opacity: 0.6; }
.line.limit line { stroke-dasharray: 5 5; }
.axis-title { font-size: 13px; color: var(--soft); margin: 0; max-width: none; }
.line.again line { stroke-dasharray: 1 6; }
.line.again circle { fill: var(--card); stroke-width: 2; }
.legend i.again { border-radius: 50%; box-shadow: inset 0 0 0 3px var(--card), 0 0 0 0 var(--card); outline: 1px solid currentColor; outline-offset: -1px; }
.axis-title.right { text-align: right; }
${[0, 1, 2, 3, 4, 5, 6, 7].map(colour).join('\n')}
.line.limit { stroke: var(--ceiling); fill: var(--ceiling); }
.legend i.limit { background: var(--ceiling); }
.notes-list { margin: 14px 0 0; padding-left: 20px; font-size: 14px; color: var(--soft); }
.notes-list li { overflow-wrap: anywhere; }
.wide { overflow-x: auto; -webkit-overflow-scrolling: touch; }
.wide table { font-size: 13px; }
.wide thead th { min-width: 74px; padding-right: 10px; }
.wide tbody th, .wide thead th:first-child { position: sticky; left: 0; background: var(--card); padding-right: 14px; min-width: 170px; max-width: 300px; }
.wide td { white-space: nowrap; }
.wide tr.missing td { white-space: normal; }
.wide td.none { color: var(--soft); }
.glance td > span { white-space: normal; overflow-wrap: anywhere; }
.glance td:nth-child(3) { max-width: 300px; }
.hint { color: var(--soft); font-size: 13px; text-align: left; }
.hint { display: none; margin: 0 0 6px; }
@media (max-width: 720px) {
  .glance td > span { flex: 0 1 auto; min-width: 0; }
  .glance td:nth-child(3) { max-width: none; }
  .wide table { display: table; width: max-content; min-width: 100%; }
  .wide thead { display: table-header-group; }
  .wide tbody { display: table-row-group; }
  .wide tr { display: table-row; }
  .wide th, .wide td { display: table-cell; border-bottom: 1px solid var(--line); padding: 7px 8px; }
  .wide td::before { content: none; }
  .wide tbody th, .wide thead th:first-child { padding-left: 0; min-width: 118px; max-width: 130px; font-size: 13px; overflow-wrap: anywhere; }
  .wide tr.missing td { max-width: 320px; }
  .hint { display: block; }
  .group { font-size: 21px; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;

function colour(index: number): string {
  return `.line.s${index} { stroke: var(--s${index}); fill: var(--s${index}); } .legend i.s${index} { background: var(--s${index}); }`;
}

export const SUITE_STYLE = new Html(CSS);
