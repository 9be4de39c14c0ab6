-- Words of 32 bits, and bytes to and from them.
--
-- Strings hold bytes; a word is a number from 0 to 2^32 - 1. Used by the ciphers beside it.
-- Runs on Lua 5.2 (Wireshark up to 4.2) and 5.4 (from 4.4 on).

local bits
if bit32 then
  bits = setmetatable({}, { __index = bit32 })
else
  -- Lua 5.3 and later have operators, which Lua 5.2 cannot read: hence the text.
  bits = load([[
    local function bxor(a, b, ...)
      if b == nil then return a & 0xffffffff end
      return bxor(a ~ b, ...)
    end
    return {
      band = function(a, b) return a & b & 0xffffffff end,
      bor = function(a, b) return (a | b) & 0xffffffff end,
      bnot = function(a) return ~a & 0xffffffff end,
      bxor = bxor,
      lshift = function(a, n) return (a << n) & 0xffffffff end,
      rshift = function(a, n) return (a & 0xffffffff) >> n end,
      extract = function(a, at, n) return ((a & 0xffffffff) >> at) & ((1 << n) - 1) end,
      lrotate = function(a, n) a = a & 0xffffffff return ((a << n) | (a >> (32 - n))) & 0xffffffff end,
      rrotate = function(a, n) a = a & 0xffffffff return ((a >> n) | (a << (32 - n))) & 0xffffffff end,
    }
  ]])()
end
local extract, byte, char = bits.extract, string.byte, string.char

function bits.word(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return a * 16777216 + b * 65536 + c * 256 + d
end

function bits.little(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return d * 16777216 + c * 65536 + b * 256 + a
end

function bits.bytes(w)
  return char(extract(w, 24, 8), extract(w, 16, 8), extract(w, 8, 8), extract(w, 0, 8))
end

function bits.little_bytes(w)
  return char(extract(w, 0, 8), extract(w, 8, 8), extract(w, 16, 8), extract(w, 24, 8))
end

function bits.padded(text)
  return text .. ("\0"):rep(-#text % 16)
end

return bits
