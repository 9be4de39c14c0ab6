// What this machine can build with. Looks only; says nothing and installs nothing.

import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot } from './paths.mjs';
import { which } from './run.mjs';

/** Where IPsec-MB's archive lies, or 'none': what binding.gyp will find. */
export function ipsecMbArchive() {
  const program = inRoot('native/crypto/find-ipsec-mb.mjs');
  return execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim();
}

/** The programs of the C++ build that are not here: an empty list means that it can run. */
export function missingBuildTools() {
  const missing = [];
  if (!which(process.env.CXX?.split(' ')[0] || 'g++')) missing.push('g++');
  if (!which('make')) missing.push('make');
  if (!process.env.PYTHON && !which('python3')) missing.push('python3');
  return missing;
}

/** The folder that holds include/node/node_api.h of this very Node, or undefined: node-gyp would then download it. */
export function nodeHeadersPrefix() {
  const given = process.env.npm_config_nodedir;
  const prefixes = [given, dirname(dirname(realpathSync(process.execPath)))];
  return prefixes.find((prefix) => prefix && existsSync(join(prefix, 'include/node/node_api.h')));
}

/** The environment for node-gyp and what drives it: the headers of this Node, without a download where possible. */
export function gypEnvironment() {
  const prefix = nodeHeadersPrefix();
  return prefix ? { ...process.env, npm_config_nodedir: prefix } : { ...process.env };
}
