// The set-up behind `npm start` and `npm test`: dependencies, addon, TypeScript; each only when missing or stale.
//
// Needs nothing but Node, since it runs before anything is installed. Without a C++ compiler, or when the addon does
// not build, it says so in one line and goes on: the dgram engine needs no addon. It ends the process only when the
// dependencies cannot be installed or the TypeScript does not compile, because then nothing can run.
// Invariant: silent when there is nothing to do.

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fingerprint, listFiles, nativeSources, readStamp, writeStamp } from './files.mjs';
import { withLock } from './lock.mjs';
import { inRoot, root, tools } from './paths.mjs';
import { capture, tail } from './run.mjs';
import { gypEnvironment, ipsecMbArchive, missingBuildTools } from './toolchain.mjs';

const ADDON = 'build/Release/burstwire.node';
const ADDON_STAMP = 'build/setup/addon';
const DIST_STAMP = 'build/setup/dist';
const MODULES_STAMP = 'node_modules/.burstwire-lock';

function say(text) {
  console.error(`burstwire: ${text}`);
}

/** Prints the end of a failed tool's output and the reason, then ends the process. */
function giveUp(output, reason) {
  console.error(tail(output, 40));
  console.error(`burstwire: ${reason}`);
  process.exit(1);
}

// --- dependencies -------------------------------------------------------------------------------------------------

function lockfileHash() {
  return fingerprint(['package-lock.json']);
}

function dependenciesAreCurrent() {
  if (readStamp(MODULES_STAMP) === lockfileHash()) return true;
  // Somebody ran npm by hand: npm's own record, when newer than the lockfile, is as good as ours.
  const record = inRoot('node_modules/.package-lock.json');
  if (existsSync(inRoot(MODULES_STAMP)) || !existsSync(record)) return false;
  if (statSync(record).mtimeMs < statSync(inRoot('package-lock.json')).mtimeMs) return false;
  writeStamp(MODULES_STAMP, lockfileHash());
  return true;
}

async function installDependencies() {
  say('installing the development dependencies (npm ci)');
  // The npm that runs us, when one does, else the one on PATH.
  const npmScript = process.env.npm_execpath;
  const ownNpm = npmScript && /^npm(-cli)?\.(c|m)?js$/.test(basename(npmScript));
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = ownNpm
    ? await capture(process.execPath, [npmScript, ...args])
    : await capture('npm', args, { shell: process.platform === 'win32' });
  if (result.code !== 0) giveUp(result.output, 'npm ci failed: see above');
  writeStamp(MODULES_STAMP, lockfileHash());
}

// --- addon --------------------------------------------------------------------------------------------------------

function addonHash() {
  const headers = listFiles('native', (name) => name.endsWith('.h'));
  const lists = ['binding.gyp', ...listFiles('native', (name) => /\.(txt|map)$/.test(name))];
  const inputs = [...lists, ...nativeSources(), ...headers];
  return fingerprint(inputs, process.arch, process.env.CXX, ipsecMbArchive());
}

function addonIsCurrent() {
  if (process.platform !== 'linux') return true;
  return existsSync(inRoot(ADDON)) && readStamp(ADDON_STAMP) === addonHash();
}

function gypBuild(variables) {
  const args = ['configure', 'build', '--release', '--jobs', 'max', ...variables];
  return capture(process.execPath, [tools.nodeGyp, ...args], { env: gypEnvironment() });
}

/** What remains to run with when there is no fresh addon. The stale one must not pass for it. */
function withoutAddon() {
  rmSync(inRoot(ADDON), { force: true });
  const prebuilt = `prebuilds/linux-${process.arch}`;
  const files = existsSync(inRoot(prebuilt)) ? readdirSync(inRoot(prebuilt)) : [];
  return files.length > 0
    ? `going on with the binary in ${prebuilt}, which may be older than native/`
    : 'going on with the dgram engine';
}

async function buildAddon() {
  const missing = missingBuildTools();
  if (missing.length > 0) {
    say(
      `no C++ compiler found (missing: ${missing.join(', ')}): ${withoutAddon()}; ` +
        `to get the native one: apt-get install ${missing.join(' ')}`,
    );
    return;
  }
  say('building the addon (node-gyp)');
  const hash = addonHash();
  let result = await gypBuild(['--burstwire_faults=1']);
  if (result.code !== 0 && result.output.includes('[-Werror')) {
    // A compiler that warns about more than ours does is no reason to have no addon.
    result = await gypBuild(['--burstwire_faults=1', '--burstwire_werror=0']);
    if (result.code === 0) say('this compiler warns about native/: npm run check:native shows it');
  }
  if (result.code === 0 && existsSync(inRoot(ADDON))) {
    writeStamp(ADDON_STAMP, hash);
    return;
  }
  console.error(tail(result.output, 25));
  say(`the addon did not build (see above): ${withoutAddon()}`);
}

// --- TypeScript ---------------------------------------------------------------------------------------------------

function distHash() {
  const sources = listFiles('lib', (name) => name.endsWith('.ts'));
  return fingerprint([...sources, 'tsconfig.json'], readStamp(MODULES_STAMP));
}

function distIsCurrent() {
  return existsSync(inRoot('dist')) && readStamp(DIST_STAMP) === distHash();
}

/** Removes what a deleted or renamed source left in dist/. */
function removeOrphans() {
  for (const path of listFiles('dist')) {
    const source = path.replace(/^dist\//, 'lib/').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    if (!existsSync(inRoot(source))) rmSync(inRoot(path));
  }
}

async function buildDist() {
  say('compiling TypeScript (tsc)');
  const hash = distHash();
  const result = await capture(process.execPath, [tools.tsc, '-p', join(root, 'tsconfig.json')]);
  if (result.code !== 0) giveUp(result.output, 'the TypeScript does not compile: see above');
  removeOrphans();
  writeStamp(DIST_STAMP, hash);
}

// --- all of it ----------------------------------------------------------------------------------------------------

/**
 * Brings node_modules, the addon and dist/ up to date.
 * `force` rebuilds the addon and dist/ in any case; `addon: false` leaves the addon alone.
 */
export async function setup({ force = false, addon = true } = {}) {
  const current = () => dependenciesAreCurrent() && (!addon || addonIsCurrent()) && distIsCurrent();
  if (!force && current()) return;
  await withLock(inRoot('build/setup/lock'), async () => {
    if (!dependenciesAreCurrent()) await installDependencies();
    if (addon && (force || !addonIsCurrent()) && process.platform === 'linux') await buildAddon();
    if (force || !distIsCurrent()) await buildDist();
  });
}
