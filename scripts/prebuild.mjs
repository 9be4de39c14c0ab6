// `npm run prebuilds [-- --force]`, and part of `npm pack`: the binaries of the tarball, prebuilds/<platform>-<arch>/,
// and prebuilds/manifest.json, which says what each one is.
//
// prebuildify drives node-gyp in a copy of the sources, so that the developers' build/Release stays as it is. A binary
// that asks for too new a glibc, for libstdc++, or for any other library fails the build. Without a cross compiler
// the other architecture is left out with one line; without the compiler of this machine nothing is packed.
// Invariant: prebuilds/ never holds a binary that was not built from the sources as they are now.

import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { inspect } from './lib/elf.mjs';
import { fingerprint, listFiles, nativeSources } from './lib/files.mjs';
import { withLock } from './lib/lock.mjs';
import { inRoot, tools } from './lib/paths.mjs';
import { capture, tail, which } from './lib/run.mjs';
import { gypEnvironment, ipsecMbArchive } from './lib/toolchain.mjs';

const MANIFEST = inRoot('prebuilds/manifest.json');
const FILE = 'burstwire.glibc.node';
const TARGETS = [
  { arch: 'x64', triplet: 'x86_64-linux-gnu', package: 'g++-x86-64-linux-gnu' },
  { arch: 'arm64', triplet: 'aarch64-linux-gnu', package: 'g++-aarch64-linux-gnu' },
];

// On standard error: `npm pack --json` owns standard output.
function say(text) {
  console.error(`burstwire: ${text}`);
}

function compilerOf(target) {
  const prefix = target.arch === process.arch ? '' : `${target.triplet}-`;
  return {
    cxx: `${prefix}g++`,
    strip: `${prefix}strip`,
    environment: {
      CC: `${prefix}gcc`,
      CXX: `${prefix}g++`,
      LINK: `${prefix}g++`,
      AR: `${prefix}ar`,
    },
  };
}

/** What a released binary is made of: sources, flags and compiler. */
async function sourcesHash(cxx) {
  const version = await capture(cxx, ['--version']);
  const compiler = version.output.split('\n')[0];
  const inputs = [
    'binding.gyp',
    ...listFiles('native', (name) => /\.(txt|map|h)$/.test(name)),
    ...nativeSources(),
  ];
  return { compiler, sources: fingerprint(inputs, compiler, ipsecMbArchive()) };
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function readManifest() {
  return existsSync(MANIFEST) ? JSON.parse(readFileSync(MANIFEST, 'utf8')) : {};
}

/** True when the file that the manifest describes is there, unchanged, and was built from `sources`. */
function isCurrent(entry, sources) {
  if (!entry || entry.sources !== sources) return false;
  const path = inRoot('prebuilds', entry.file);
  return existsSync(path) && sha256(path) === entry.sha256;
}

/** A copy of what the addon is built from, without the developers' build folder. */
function stage() {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-prebuild-'));
  for (const file of ['package.json', 'binding.gyp']) cpSync(inRoot(file), join(folder, file));
  const tests = [`native${sep}test`, `native${sep}fuzz`];
  cpSync(inRoot('native'), join(folder, 'native'), {
    recursive: true,
    filter: (path) => !tests.some((test) => path.endsWith(test)),
  });
  symlinkSync(inRoot('node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Runs prebuildify for one target; resolves to the path of the new file, or undefined after saying why. */
async function compile(target, folder) {
  const { environment, strip } = compilerOf(target);
  const env = {
    ...gypEnvironment(),
    ...environment,
    PREBUILD_NODE_GYP: tools.nodeGyp,
    // prebuildify does not pass --jobs on; node-gyp reads this as well.
    JOBS: 'max',
  };
  // A released binary is the plain one, whatever the developers' shell says.
  delete env.GYP_DEFINES;
  delete env.npm_config_burstwire_faults;
  delete env.npm_config_burstwire_werror;
  for (const name of ['CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS']) delete env[name];
  const args = ['--target', process.version, '--napi', '--strip', '--tag-libc', 'glibc'];
  const more = [
    '--platform',
    'linux',
    '--arch',
    target.arch,
    '--strip-bin',
    strip,
    '--cwd',
    folder,
    '--out',
    folder,
  ];
  const result = await capture(process.execPath, [tools.prebuildify, ...args, ...more], {
    cwd: folder,
    env,
  });
  const built = join(folder, 'prebuilds', `linux-${target.arch}`, FILE);
  if (result.code === 0 && existsSync(built)) return built;
  console.error(tail(result.output, 40));
  say(`the prebuild for linux-${target.arch} failed: see above`);
  return undefined;
}

/** Builds, inspects and installs one target; resolves to its manifest entry, or undefined after saying why. */
async function prebuild(target, compiler, sources) {
  const name = `linux-${target.arch}`;
  say(`building the prebuild for ${name}`);
  const folder = stage();
  try {
    const built = await compile(target, folder);
    if (!built) return undefined;
    const { glibcMax, problems } = await inspect(built);
    if (problems.length > 0) {
      for (const problem of problems) say(`${name}/${FILE} ${problem}`);
      return undefined;
    }
    const file = `${name}/${FILE}`;
    const path = inRoot('prebuilds', file);
    mkdirSync(dirname(path), { recursive: true });
    cpSync(built, path);
    return { file, sha256: sha256(path), bytes: statSync(path).size, glibcMax, compiler, sources };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Brings prebuilds/ up to date; resolves to false when the tarball would lack what it must have. One process at a time:
 * the next finds what the first has built.
 */
export function prebuildAll({ force = false } = {}) {
  return withLock(inRoot('build/setup/prebuild-lock'), () => buildTargets(force));
}

async function buildTargets(force) {
  const before = readManifest();
  const manifest = {};
  let complete = true;
  for (const target of TARGETS) {
    const name = `linux-${target.arch}`;
    const isHost = process.platform === 'linux' && target.arch === process.arch;
    const { cxx } = compilerOf(target);
    if (!which(cxx)) {
      say(`no ${cxx}: no prebuild for ${name}; to get it: apt-get install ${target.package}`);
      // A test may pack without the other architecture; a release may not.
      if (isHost || process.env.npm_command === 'publish') complete = false;
      rmSync(inRoot('prebuilds', name), { recursive: true, force: true });
      continue;
    }
    if (target.arch === 'x64' && ipsecMbArchive() === 'none') {
      say(`no IPsec-MB: ${name} will seal slower; to get it: apt-get install libipsec-mb-dev`);
      // A test may pack without it; a release may not.
      if (process.env.npm_command === 'publish') complete = false;
    }
    const { compiler, sources } = await sourcesHash(cxx);
    if (!force && isCurrent(before[name], sources)) {
      manifest[name] = before[name];
      continue;
    }
    rmSync(inRoot('prebuilds', name), { recursive: true, force: true });
    const entry = await prebuild(target, compiler, sources);
    if (entry) manifest[name] = entry;
    else complete = false;
  }
  mkdirSync(dirname(MANIFEST), { recursive: true });
  writeFileSync(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
  return complete;
}

if (process.argv[1] === inRoot('scripts/prebuild.mjs')) {
  const complete = await prebuildAll({ force: process.argv.includes('--force') });
  process.exitCode = complete ? 0 : 1;
}
