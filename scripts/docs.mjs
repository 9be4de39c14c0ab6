// `npm run docs`: the documentation as a site in build/site: the front doors of package.json by TypeDoc, and the pages of docs/ beside them.
//
// Fails for every warning, and for a link of the site that leads nowhere; `--summary FILE` writes { passed, failed }. Reaches
// no other machine. What is on the pages
// besides: test/integration/documentation.test.ts.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Application, Converter, LogLevel, ReflectionKind } from 'typedoc';
import { listFiles } from './lib/files.mjs';
import { inRoot, root } from './lib/paths.mjs';

const SITE = 'build/site';
/** Where a page stands in the navigation; the rest is of the project. */
const GROUPS = [
  [/^docs\/(cli|diagnostics|many-cores|migration|options|tuning)/, 'Guides'],
  [/^docs\/(handshake|wire-format|recovery|congestion-control|security)/, 'Protocol'],
  [/^docs\/(benchmarks|congestion|netlab|udp-checklist|dgram-conformance)/, 'Measured'],
  [/^docs\/adr\//, 'Decisions'],
];

/** A page is called what its first heading says, and not by its file. */
function nameDocument(_, document) {
  const [first] = document.content;
  const title = /^# (.*)$/m.exec(first?.text ?? '')?.[1];
  document.frontmatter.group =
    GROUPS.find(([pattern]) => pattern.test(document.name))?.[1] ?? 'Project';
  if (title !== undefined) document.name = title.replaceAll('`', '');
}

/** A module is called as it is imported. */
function nameModule(_, reflection) {
  if (!reflection.kindOf(ReflectionKind.Module)) return;
  reflection.name = reflection.name === 'index' ? 'burstwire' : `burstwire/${reflection.name}`;
}

/** Every href and src of the site that points into it, and to nothing. */
function deadLinks() {
  const pages = new Map();
  for (const path of listFiles(SITE, (name) => name.endsWith('.html'))) {
    pages.set(path, readFileSync(inRoot(path), 'utf8'));
  }
  const anchors = new Map();
  const anchorsOf = (path) => {
    if (!anchors.has(path)) {
      const ids = pages.get(path)?.matchAll(/ (?:id|name)="([^"]+)"/g) ?? [];
      anchors.set(path, new Set(Array.from(ids, ([, id]) => id)));
    }
    return anchors.get(path);
  };
  const dead = new Set();
  for (const [path, html] of pages) {
    for (const [, link] of html.matchAll(/ (?:href|src)="([^"]+)"/g)) {
      if (/^(https?:|data:|mailto:)/.test(link)) continue;
      const [file, anchor] = link.replaceAll('&amp;', '&').split('#');
      const target =
        file === '' ? path : relative(root, resolve(root, dirname(path), decodeURI(file)));
      const isDead =
        !existsSync(inRoot(target)) ||
        (anchor && pages.has(target) && !anchorsOf(target).has(decodeURIComponent(anchor)));
      if (isDead) dead.add(`${relative(SITE, path)}: ${link}`);
    }
  }
  return { pages: pages.size, dead: [...dead] };
}

rmSync(inRoot(SITE), { recursive: true, force: true });
process.chdir(root);
const { exports } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
const entryPoints = Object.values(exports)
  .filter((door) => door.types !== undefined)
  .map(({ types }) => types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'lib/$1.ts'));
const app = await Application.bootstrapWithPlugins({
  options: join(root, 'typedoc.json'),
  entryPoints,
});
app.logger.level = LogLevel.Warn;
app.converter.on(Converter.EVENT_CREATE_DOCUMENT, nameDocument);
app.converter.on(Converter.EVENT_CREATE_DECLARATION, nameModule);
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
await app.generateOutputs(project);
const { pages, dead } = deadLinks();
for (const link of dead) console.error(`dead link: ${link}`);
const problems = dead.length + app.logger.errorCount + app.logger.warningCount;
console.log(`${pages} pages in ${SITE}: ${problems} problems`);
const summary = process.argv.indexOf('--summary');
if (summary > 0) {
  const counts = problems === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  writeFileSync(process.argv[summary + 1], JSON.stringify(counts));
}
if (problems > 0) process.exitCode = 1;
