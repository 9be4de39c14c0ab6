-- SHA-256 and HMAC in plain Lua: FIPS 180-4, RFC 2104. Called by burstwire_keys.lua.

local bits = require("burstwire_bits")
local band, bnot, bxor = bits.band, bits.bnot, bits.bxor
local rshift, rrotate = bits.rshift, bits.rrotate
local word, bytes = bits.word, bits.bytes
local byte, char, floor, concat = string.byte, string.char, math.floor, table.concat

local ROUND, INITIAL = {}, {}
do
  local prime, count = 2, 0
  while count < 64 do
    local is_prime = true
    for factor = 2, floor(math.sqrt(prime)) do
      if prime % factor == 0 then is_prime = false break end
    end
    if is_prime then
      count = count + 1
      local cube, square = prime ^ (1 / 3), prime ^ 0.5
      ROUND[count] = floor((cube - floor(cube)) * 4294967296)
      if count <= 8 then INITIAL[count] = floor((square - floor(square)) * 4294967296) end
    end
    prime = prime + 1
  end
end

local function sha256(text)
  local size = #text
  text = text .. "\128" .. ("\0"):rep((55 - size) % 64) .. "\0\0\0\0" .. bytes(8 * size)
  local state = { table.unpack(INITIAL) }
  for start = 1, #text, 64 do
    local w = {}
    for i = 1, 16 do w[i] = word(text, start + 4 * i - 4) end
    for i = 17, 64 do
      local x, y = w[i - 15], w[i - 2]
      local s0 = bxor(rrotate(x, 7), rrotate(x, 18), rshift(x, 3))
      local s1 = bxor(rrotate(y, 17), rrotate(y, 19), rshift(y, 10))
      w[i] = band(w[i - 16] + s0 + w[i - 7] + s1, 0xffffffff)
    end
    local a, b, c, d, e, f, g, h = table.unpack(state)
    for i = 1, 64 do
      local s1 = bxor(rrotate(e, 6), rrotate(e, 11), rrotate(e, 25))
      local t1 = h + s1 + bxor(band(e, f), band(bnot(e), g)) + ROUND[i] + w[i]
      local s0 = bxor(rrotate(a, 2), rrotate(a, 13), rrotate(a, 22))
      local t2 = s0 + bxor(band(a, b), band(a, c), band(b, c))
      a, b, c, d, e, f, g, h = band(t1 + t2, 0xffffffff), a, b, c, band(d + t1, 0xffffffff), e, f, g
    end
    local now = { a, b, c, d, e, f, g, h }
    for i = 1, 8 do state[i] = band(state[i] + now[i], 0xffffffff) end
  end
  for i = 1, 8 do state[i] = bytes(state[i]) end
  return concat(state)
end

-- For keys of at most 64 bytes.
local function hmac_sha256(key, text)
  local inner, outer = {}, {}
  for i = 1, 64 do
    local k = byte(key, i) or 0
    inner[i], outer[i] = char(bxor(k, 0x36)), char(bxor(k, 0x5c))
  end
  return sha256(concat(outer) .. sha256(concat(inner) .. text))
end

return { hmac = hmac_sha256 }
