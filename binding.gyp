# The release build of the addon: build/Release/burstwire.node. scripts/setup.mjs and scripts/prebuild.mjs drive it;
# CMakeLists.txt reads the same two lists of sources. This file stays out of the npm tarball: a package that carries a
# *.gyp file is built on the machine of whoever installs it.
{
  "variables": {
    # 1 adds BURSTWIRE_FAULTS: system calls that fail on command, for tests. Never set for a released binary.
    "burstwire_faults%": 0,
    # 0 lets a compiler newer than ours warn without failing the build.
    "burstwire_werror%": 1,
    # The static archive of IPsec-MB, or none: AES-GCM is OpenSSL's alone then.
    "burstwire_ipsec_mb%": "<!(node native/crypto/find-ipsec-mb.mjs)",
  },
  "targets": [
    {
      "target_name": "burstwire",
      "conditions": [
        ["OS!='linux'", {"type": "none"}],
        ["OS=='linux'", {
          "sources": [
            "<!@(node -p \"['native/sources.txt', 'native/napi-sources.txt'].map((list) => require('fs').readFileSync(list, 'utf8').trim()).join(' ').replace(/\\s+/g, ' ')\")",
          ],
          "include_dirs": ["native"],
          "defines": [
            "NAPI_VERSION=8",
            "NAPI_DISABLE_CPP_EXCEPTIONS",
            "NODE_ADDON_API_DISABLE_DEPRECATED",
            "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
            "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED",
          ],
          "cflags": [
            "-O3",
            "-fvisibility=hidden",
            "-ffunction-sections",
            "-fdata-sections",
            "-ffile-prefix-map=<(module_root_dir)=.",
          ],
          "cflags_cc!": ["-std=gnu++17"],
          "cflags_cc": [
            "-std=gnu++20",
            "-fno-exceptions",
            "-fno-rtti",
            "-fvisibility-inlines-hidden",
            "-Wall",
            "-Wextra",
            "-Wunused-parameter",
            "-Wconversion",
            "-Wshadow",
            # As system headers, the headers of Node and of node-addon-api are not held to our warnings.
            "-isystem<(node_root_dir)/include/node",
            "-isystem<!(node -p \"require('path').dirname(require.resolve('node-addon-api/package.json'))\")",
            "-ffile-prefix-map=<!(node -p \"require('path').dirname(require.resolve('node-addon-api/package.json'))\")=node-addon-api",
          ],
          "ldflags": [
            "-static-libgcc",
            "-static-libstdc++",
            "-Wl,--exclude-libs,ALL",
            "-Wl,--version-script=<(module_root_dir)/native/exports.map",
            "-Wl,-Bsymbolic",
            "-Wl,--gc-sections",
            "-Wl,--build-id=none",
          ],
          "conditions": [
            ["burstwire_faults==1", {"defines": ["BURSTWIRE_FAULTS=1"]}],
            ["burstwire_werror==1", {"cflags_cc": ["-Werror"]}],
            ["burstwire_ipsec_mb!='none' and target_arch=='x64'", {
              "defines": ["BURSTWIRE_IPSEC_MB=1"],
              "libraries": ["<(burstwire_ipsec_mb)"],
            }],
          ],
        }],
      ],
    },
  ],
}
