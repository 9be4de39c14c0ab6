// Prints where the static archive of Intel's Multi-Buffer Crypto for IPsec Library lies, or 'none'.
//
// Called by binding.gyp. Only version 1.3 counts: native/crypto/ipsec_mb_aead.cc calls functions that the library's
// header does not declare, and the layout of a key is its own. Debian: apt-get install libipsec-mb-dev.

import { existsSync, readFileSync } from 'node:fs';

const HEADER = '/usr/include/intel-ipsec-mb.h';
const ARCHIVES = [
  '/usr/lib/x86_64-linux-gnu/libIPSec_MB.a',
  '/usr/lib64/libIPSec_MB.a',
  '/usr/lib/libIPSec_MB.a',
];

const archive = ARCHIVES.find((path) => existsSync(path));
const fits =
  existsSync(HEADER) &&
  /^#define\s+IMB_VERSION_NUM\s+0x103[0-9a-f]{2}\b/m.test(readFileSync(HEADER, 'utf8'));
console.log(archive && fits ? archive : 'none');
