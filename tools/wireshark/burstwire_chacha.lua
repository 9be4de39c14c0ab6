-- ChaCha20-Poly1305 in plain Lua: RFC 8439.
--
-- For reading captures: slow, and not in constant time. Called by burstwire_keys.lua.

local bits = require("burstwire_bits")
local band, bxor, rshift, extract, lrotate = bits.band, bits.bxor, bits.rshift, bits.extract, bits.lrotate
local little, little_bytes, padded = bits.little, bits.little_bytes, bits.padded
local floor, concat = math.floor, table.concat

local function quarter(a, b, c, d)
  a = band(a + b, 0xffffffff) d = lrotate(bxor(d, a), 16)
  c = band(c + d, 0xffffffff) b = lrotate(bxor(b, c), 12)
  a = band(a + b, 0xffffffff) d = lrotate(bxor(d, a), 8)
  c = band(c + d, 0xffffffff) b = lrotate(bxor(b, c), 7)
  return a, b, c, d
end

local function chacha_block(key, counter, nonce)
  local s = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }
  for i = 1, 8 do s[4 + i] = little(key, 4 * i - 3) end
  s[13] = counter
  for i = 1, 3 do s[13 + i] = little(nonce, 4 * i - 3) end
  local x = { table.unpack(s) }
  for _ = 1, 10 do
    for i = 1, 4 do x[i], x[4 + i], x[8 + i], x[12 + i] = quarter(x[i], x[4 + i], x[8 + i], x[12 + i]) end
    x[1], x[6], x[11], x[16] = quarter(x[1], x[6], x[11], x[16])
    x[2], x[7], x[12], x[13] = quarter(x[2], x[7], x[12], x[13])
    x[3], x[8], x[9], x[14] = quarter(x[3], x[8], x[9], x[14])
    x[4], x[5], x[10], x[15] = quarter(x[4], x[5], x[10], x[15])
  end
  for i = 1, 16 do x[i] = little_bytes(band(x[i] + s[i], 0xffffffff)) end
  return concat(x)
end

local LIMB = 4194304 -- 2^22: products of six limbs stay below 2^53

-- Sixteen bytes and `high` 2^128 as six limbs.
local function limbs(text, at, high)
  local a, b, c, d = little(text, at), little(text, at + 4), little(text, at + 8), little(text, at + 12)
  return {
    a % LIMB,
    rshift(a, 22) + band(b, 0xfff) * 1024,
    rshift(b, 12) + band(c, 3) * 1048576,
    extract(c, 2, 22),
    rshift(c, 24) + band(d, 0x3fff) * 256,
    rshift(d, 14) + high * 262144,
  }
end

local function carry(h)
  for i = 1, 5 do
    local over = floor(h[i] / LIMB)
    h[i], h[i + 1] = h[i] % LIMB, h[i + 1] + over
  end
end

local function poly1305(key, text)
  local clamped = {}
  for i = 1, 4 do
    clamped[i] = little_bytes(band(little(key, 4 * i - 3), i == 1 and 0x0fffffff or 0x0ffffffc))
  end
  local r = limbs(concat(clamped), 1, 0)
  local h = { 0, 0, 0, 0, 0, 0 }
  for at = 1, #text, 16 do
    local m = limbs(text, at, 1)
    local p = { 0, 0, 0, 0, 0, 0 }
    for i = 1, 6 do
      local x = h[i] + m[i]
      for j = 1, 6 do
        local place = i + j - 1
        -- 2^132 is 20 modulo 2^130 - 5.
        if place > 6 then p[place - 6] = p[place - 6] + 20 * x * r[j] else p[place] = p[place] + x * r[j] end
      end
    end
    carry(p)
    local over = floor(p[6] / LIMB)
    p[6], p[1] = p[6] % LIMB, p[1] + 20 * over
    carry(p)
    h = p
  end
  for _ = 1, 2 do
    local over = floor(h[6] / 1048576)
    h[6], h[1] = h[6] % 1048576, h[1] + 5 * over
    carry(h)
  end
  local g = { h[1] + 5, h[2], h[3], h[4], h[5], h[6] }
  carry(g)
  if g[6] >= 1048576 then
    g[6] = g[6] - 1048576
    h = g
  end
  local words = {
    h[1] + (h[2] % 1024) * LIMB,
    floor(h[2] / 1024) + (h[3] % 1048576) * 4096,
    floor(h[3] / 1048576) + h[4] * 4 + (h[5] % 256) * 16777216,
    floor(h[5] / 256) + (h[6] % 262144) * 16384,
  }
  local out, over = {}, 0
  for i = 1, 4 do
    local sum = words[i] + little(key, 4 * i + 13) + over
    over = floor(sum / 4294967296)
    out[i] = little_bytes(sum % 4294967296)
  end
  return concat(out)
end

local function chacha_open(key, nonce, ad, sealed)
  local size = #sealed - 16
  local body = sealed:sub(1, size)
  local lengths = little_bytes(#ad) .. "\0\0\0\0" .. little_bytes(size) .. "\0\0\0\0"
  local one_time = chacha_block(key, 0, nonce)
  if poly1305(one_time, padded(ad) .. padded(body) .. lengths) ~= sealed:sub(size + 1) then return nil end
  local text, out = padded(body), {}
  for at = 1, #text, 16 do
    if at % 64 == 1 then one_time = chacha_block(key, (at + 63) / 64, nonce) end
    for i = 0, 12, 4 do
      out[#out + 1] = little_bytes(bxor(little(text, at + i), little(one_time, (at + i - 1) % 64 + 1)))
    end
  end
  return concat(out):sub(1, size)
end

local chacha = {}

-- A function (nonce, associated data, sealed) that returns the plaintext, or nil when the tag does not fit.
function chacha.opener(key)
  return function(nonce, ad, sealed) return chacha_open(key, nonce, ad, sealed) end
end

-- A function (sample) that returns the five bytes that mask a header (RFC 9001 section 5.4.4).
function chacha.masker(key)
  return function(sample) return chacha_block(key, little(sample, 1), sample:sub(5)):sub(1, 5) end
end

return chacha
