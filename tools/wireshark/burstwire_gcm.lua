-- AES and AES-GCM in plain Lua: FIPS 197, SP 800-38D.
--
-- For reading captures: slow, and not in constant time. Called by burstwire_keys.lua.

local bits = require("burstwire_bits")
local band, bor, bxor = bits.band, bits.bor, bits.bxor
local lshift, rshift, extract = bits.lshift, bits.rshift, bits.extract
local lrotate, rrotate = bits.lrotate, bits.rrotate
local word, bytes, padded = bits.word, bits.bytes, bits.padded
local floor, concat = math.floor, table.concat

local function double(value)
  value = value * 2
  return value > 255 and bxor(value, 0x11b) or value
end

local SBOX, T0, T1, T2, T3 = {}, {}, {}, {}, {}
do
  local power, log = {}, {}
  local value = 1
  for exponent = 0, 254 do
    power[exponent], log[value] = value, exponent
    value = bxor(value, double(value))
  end
  for input = 0, 255 do
    local inverse = input == 0 and 0 or power[(255 - log[input]) % 255]
    local spread = inverse * 257
    local mixed = bxor(inverse, rshift(spread, 7), rshift(spread, 6), rshift(spread, 5), rshift(spread, 4))
    local s = bxor(band(mixed, 255), 0x63)
    local twice = double(s)
    SBOX[input] = s
    T0[input] = twice * 16777216 + s * 65536 + s * 256 + bxor(twice, s)
    T1[input] = rrotate(T0[input], 8)
    T2[input] = rrotate(T0[input], 16)
    T3[input] = rrotate(T0[input], 24)
  end
end

local function substitute(w)
  return SBOX[extract(w, 24, 8)] * 16777216 + SBOX[extract(w, 16, 8)] * 65536
    + SBOX[extract(w, 8, 8)] * 256 + SBOX[extract(w, 0, 8)]
end

-- Round keys as words, for a key of 16 or 32 bytes.
local function expand_key(key)
  local step = #key / 4
  local words = {}
  for i = 1, step do words[i] = word(key, 4 * i - 3) end
  local constant = 1
  for i = step + 1, 4 * (step + 7) do
    local last = words[i - 1]
    if (i - 1) % step == 0 then
      last = bxor(substitute(lrotate(last, 8)), constant * 16777216)
      constant = double(constant)
    elseif step > 6 and (i - 1) % step == 4 then
      last = substitute(last)
    end
    words[i] = bxor(words[i - step], last)
  end
  return words
end

local function encrypt(k, a, b, c, d)
  a, b, c, d = bxor(a, k[1]), bxor(b, k[2]), bxor(c, k[3]), bxor(d, k[4])
  local last = #k - 3
  for i = 5, last - 4, 4 do
    a, b, c, d =
      bxor(T0[extract(a, 24, 8)], T1[extract(b, 16, 8)], T2[extract(c, 8, 8)], T3[extract(d, 0, 8)], k[i]),
      bxor(T0[extract(b, 24, 8)], T1[extract(c, 16, 8)], T2[extract(d, 8, 8)], T3[extract(a, 0, 8)], k[i + 1]),
      bxor(T0[extract(c, 24, 8)], T1[extract(d, 16, 8)], T2[extract(a, 8, 8)], T3[extract(b, 0, 8)], k[i + 2]),
      bxor(T0[extract(d, 24, 8)], T1[extract(a, 16, 8)], T2[extract(b, 8, 8)], T3[extract(c, 0, 8)], k[i + 3])
  end
  local function finish(p, q, r, s, key)
    local w = SBOX[extract(p, 24, 8)] * 16777216 + SBOX[extract(q, 16, 8)] * 65536
      + SBOX[extract(r, 8, 8)] * 256 + SBOX[extract(s, 0, 8)]
    return bxor(w, key)
  end
  return finish(a, b, c, d, k[last]), finish(b, c, d, a, k[last + 1]), finish(c, d, a, b, k[last + 2]),
    finish(d, a, b, c, k[last + 3])
end

local function block(k, text)
  local a, b, c, d = encrypt(k, word(text, 1), word(text, 5), word(text, 9), word(text, 13))
  return bytes(a) .. bytes(b) .. bytes(c) .. bytes(d)
end

-- GCM -----------------------------------------------------------------------------------------------------------------

-- What eight bits that leave at the low end come back as, in the highest word.
local REDUCTION = {}
for left = 0, 255 do
  local top, rest = 0, left
  for _ = 1, 8 do
    local is_odd = rest % 2 == 1
    top, rest = rshift(top, 1), floor(rest / 2)
    if is_odd then top = bxor(top, 0xe1000000) end
  end
  REDUCTION[left] = top
end

-- The hash key times each byte, as four tables of words.
local function ghash_tables(k)
  local a, b, c, d = encrypt(k, 0, 0, 0, 0)
  local A, B, C, D = { [0] = 0 }, { [0] = 0 }, { [0] = 0 }, { [0] = 0 }
  local bit = 128
  while bit >= 1 do
    A[bit], B[bit], C[bit], D[bit] = a, b, c, d
    for other = 1, 255 do
      -- Sums of this one with what is known already: the higher bits.
      if other % (2 * bit) == 0 and A[other] then
        A[other + bit], B[other + bit] = bxor(A[other], a), bxor(B[other], b)
        C[other + bit], D[other + bit] = bxor(C[other], c), bxor(D[other], d)
      end
    end
    local is_odd = d % 2 == 1
    d = bor(rshift(d, 1), lshift(c, 31))
    c = bor(rshift(c, 1), lshift(b, 31))
    b = bor(rshift(b, 1), lshift(a, 31))
    a = rshift(a, 1)
    if is_odd then a = bxor(a, 0xe1000000) end
    bit = floor(bit / 2)
  end
  return { A, B, C, D }
end

local function ghash(tables, text)
  local A, B, C, D = tables[1], tables[2], tables[3], tables[4]
  local a, b, c, d = 0, 0, 0, 0
  for at = 1, #text, 16 do
    local words = {
      bxor(d, word(text, at + 12)), bxor(c, word(text, at + 8)), bxor(b, word(text, at + 4)), bxor(a, word(text, at)),
    }
    a, b, c, d = 0, 0, 0, 0
    for i = 1, 4 do
      for shift = 0, 24, 8 do
        local left, m = band(d, 255), extract(words[i], shift, 8)
        d = bxor(rshift(d, 8), lshift(c, 24), D[m])
        c = bxor(rshift(c, 8), lshift(b, 24), C[m])
        b = bxor(rshift(b, 8), lshift(a, 24), B[m])
        a = bxor(rshift(a, 8), REDUCTION[left], A[m])
      end
    end
  end
  return a, b, c, d
end

local function gcm_open(k, tables, nonce, ad, sealed)
  local size = #sealed - 16
  local n1, n2, n3 = word(nonce, 1), word(nonce, 5), word(nonce, 9)
  local body = sealed:sub(1, size)
  local lengths = "\0\0\0\0" .. bytes(8 * #ad) .. "\0\0\0\0" .. bytes(8 * size)
  local a, b, c, d = ghash(tables, padded(ad) .. padded(body) .. lengths)
  local ma, mb, mc, md = encrypt(k, n1, n2, n3, 1)
  local tag = bytes(bxor(a, ma)) .. bytes(bxor(b, mb)) .. bytes(bxor(c, mc)) .. bytes(bxor(d, md))
  if tag ~= sealed:sub(size + 1) then return nil end
  local text, out = padded(body), {}
  for at = 1, size, 16 do
    local s, t, u, v = encrypt(k, n1, n2, n3, (at + 31) / 16)
    out[#out + 1] = bytes(bxor(s, word(text, at))) .. bytes(bxor(t, word(text, at + 4)))
      .. bytes(bxor(u, word(text, at + 8))) .. bytes(bxor(v, word(text, at + 12)))
  end
  return concat(out):sub(1, size)
end

local gcm = {}

-- A function (nonce, associated data, sealed) that returns the plaintext, or nil when the tag does not fit.
function gcm.opener(key)
  local k = expand_key(key)
  local tables = ghash_tables(k)
  return function(nonce, ad, sealed) return gcm_open(k, tables, nonce, ad, sealed) end
end

-- A function (sample) that returns the five bytes that mask a header (RFC 9001 section 5.4.3).
function gcm.masker(key)
  local k = expand_key(key)
  return function(sample) return block(k, sample):sub(1, 5) end
end

return gcm
