// What a finished .node file asks of the system that loads it, read with readelf. Judges, changes nothing.

import { capture } from './run.mjs';

/** Official Node builds ask for glibc 2.28; a binary of ours must load wherever they do. */
export const GLIBC_MAX = '2.28';

const NEEDED_ALLOWED = new Set([
  'libc.so.6',
  'libm.so.6',
  'libpthread.so.0',
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
]);

function compareVersions(left, right) {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Every value of the first group of `pattern` in `text`, once each. */
function all(text, pattern) {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]))];
}

/** Reads one file: { glibcMax, problems }, the problems as lines; an empty list means that it may be shipped. */
export async function inspect(path) {
  const { code, output } = await capture('readelf', ['-W', '-d', '--dyn-syms', path]);
  if (code !== 0) return { glibcMax: '', problems: [`readelf: ${output.trim()}`] };
  const versions = all(output, /@GLIBC_([0-9.]+)/g).sort(compareVersions);
  const glibcMax = versions.at(-1) ?? '0';
  const tooNew = versions.filter((version) => compareVersions(version, GLIBC_MAX) > 0);
  const undefinedSymbols = all(output, /\bUND\s+(\S+)/g);
  const problems = [
    ...tooNew.map((version) => {
      const names = all(output, new RegExp(`(\\S+)@GLIBC_${version.replace('.', '\\.')}\\b`, 'g'));
      return `asks for glibc ${version} (${names.join(', ')}); the limit is ${GLIBC_MAX}`;
    }),
    ...all(output, /@(GLIBCXX_[0-9.]+|CXXABI_[0-9.]+)/g).map(
      (version) => `asks for libstdc++'s ${version}`,
    ),
    ...undefinedSymbols
      .filter((name) => name.startsWith('_Z'))
      .map((name) => `asks for the C++ symbol ${name}`),
    ...all(output, /\(NEEDED\).*\[(.+)\]/g)
      .filter((library) => !NEEDED_ALLOWED.has(library))
      .map((library) => `asks for the library ${library}`),
  ];
  if (!/\bnapi_register_module_v1\b/.test(output)) problems.push('is no Node-API module');
  return { glibcMax, problems };
}
