-- The key log (docs/diagnostics.md), and what is opened with it: packets, and pieces of handshake messages
-- (docs/wire-format.md, docs/handshake.md).
--
-- It knows directions: a sender's secrets, the connection ids that its packets carry, the largest number so far. It
-- dissects nothing. Called by burstwire.lua; strings hold bytes.
--
-- Invariant: a payload is shown only when its tag fits.

local gcm = require("burstwire_gcm")
local chacha = require("burstwire_chacha")
local sha256 = require("burstwire_sha256")
local bits = require("burstwire_bits")

local AEADS = {
  ["aes-128-gcm"] = { cipher = gcm, key_bytes = 16 },
  ["aes-256-gcm"] = { cipher = gcm, key_bytes = 32 },
  ["chacha20-poly1305"] = { cipher = chacha, key_bytes = 32 },
}
local HEADER_BYTES, TAG_BYTES = 13, 16
local NUMBERS = 4294967296
local PIECE_LINE = "^BURSTWIRE_HANDSHAKE_KEY (%x+) ([%w-]+) (%x+) (%x+) (%x+)%s*$"
local LINE = "^BURSTWIRE_TRAFFIC_SECRET (%x+) (%a+) (%d+) ([%w-]+) (%x+) (%x+)%s*$"

local keys = { SHORTEST = HEADER_BYTES + TAG_BYTES }

local path = ""
-- How far the log has been read, and when.
local read_to, read_at = 0, -1
-- Directions by session and sender, and by connection id.
local sessions, by_id = {}, {}
-- Reset tokens that a peer has told of, each with its session.
local tokens = {}
-- What opens a piece of a handshake message, by its tag.
local pieces = {}

local function from_hex(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function expand(secret, label, size)
  return sha256.hmac(secret, label .. "\1"):sub(1, size)
end

local function learn(session, sender, phase, name, id, secret)
  local aead = AEADS[name]
  if not aead or #id ~= 16 or #secret ~= 64 then return end
  local pair = sessions[session] or {}
  sessions[session] = pair
  local direction = pair[sender]
  if not direction then
    direction = { session = session, sender = sender, aead = aead, secrets = {}, openers = {}, phase = 0, largest = -1 }
    pair[sender] = direction
  end
  by_id[from_hex(id)] = direction
  direction.secrets[tonumber(phase)] = from_hex(secret)
end

local function learn_piece(tag, name, key, nonce, ad)
  local aead = AEADS[name]
  if not aead or #key ~= 2 * aead.key_bytes or #tag ~= 2 * TAG_BYTES or #nonce ~= 24 then return end
  pieces[from_hex(tag)] = { cipher = aead.cipher, key = from_hex(key), nonce = from_hex(nonce), ad = from_hex(ad) }
end

local function read_log()
  read_at = os.time()
  local file = path ~= "" and io.open(path, "rb")
  if not file then return end
  file:seek("set", read_to)
  local text = file:read("*a") or ""
  file:close()
  -- A line that is being written is read the next time.
  local whole = text:match("^.*\n") or ""
  read_to = read_to + #whole
  for line in whole:gmatch("[^\n]+") do
    local session, sender, phase, aead, id, secret = line:match(LINE)
    if session then
      learn(session, sender, phase, aead, id, secret)
    else
      local tag, name, key, nonce, ad = line:match(PIECE_LINE)
      if tag then learn_piece(tag, name, key, nonce, ad) end
    end
  end
end

-- Forgets everything and begins with this log.
function keys.open_log(name)
  path, read_to, read_at = name, 0, -1
  sessions, by_id, tokens, pieces = {}, {}, {}, {}
  read_log()
end

-- The direction of packets with this connection id, or nil. The log grows while a capture runs: it is looked at again.
function keys.direction_of(id)
  if not by_id[id] and os.time() ~= read_at then read_log() end
  return by_id[id]
end

-- The sender of `direction` has told a connection id: the other side's packets may carry it from now on.
function keys.add_id(direction, id, token)
  local other = direction.sender == "initiator" and "responder" or "initiator"
  by_id[id] = sessions[direction.session][other]
  tokens[token] = direction.session
end

-- The session that a datagram which ends with this token resets, or nil.
function keys.reset_of(token)
  return tokens[token]
end

-- What an encrypted piece of a handshake message says, or nil when the log does not open it.
function keys.open_piece(sealed)
  local tag = sealed:sub(-TAG_BYTES)
  if not pieces[tag] and os.time() ~= read_at then read_log() end
  local piece = pieces[tag]
  if not piece then return nil end
  -- Wireshark dissects a datagram more than once.
  if not piece.plain then piece.plain = piece.cipher.opener(piece.key)(piece.nonce, piece.ad, sealed) end
  return piece.plain
end

-- The secret of a phase: from the log, or made of the one before.
local function secret_of(direction, phase)
  local secrets = direction.secrets
  if not secrets[phase] and phase > 0 and secrets[phase - 1] then
    secrets[phase] = expand(secrets[phase - 1], "burstwire ku", 32)
  end
  return secrets[phase]
end

local function opener_of(direction, phase)
  local known = direction.openers[phase]
  if known then return known end
  local secret = secret_of(direction, phase)
  if not secret then return nil end
  local open = direction.aead.cipher.opener(expand(secret, "burstwire key", direction.aead.key_bytes))
  local iv = expand(secret, "burstwire iv", 12)
  known = function(number, header, sealed)
    local high, low = bits.word(iv, 5), bits.word(iv, 9)
    local nonce = iv:sub(1, 4) .. bits.bytes(bits.bxor(high, math.floor(number / NUMBERS)))
      .. bits.bytes(bits.bxor(low, number % NUMBERS))
    return open(nonce, header, sealed)
  end
  direction.openers[phase] = known
  return known
end

-- The header key is made of the first secret; without that one, packets cannot be read.
local function masker_of(direction)
  local first = direction.secrets[0]
  if not direction.masker and first then
    direction.masker = direction.aead.cipher.masker(expand(first, "burstwire hp", direction.aead.key_bytes))
  end
  return direction.masker
end

-- The number nearest to the one expected (RFC 9000 appendix A.3).
local function full_number(largest, low)
  local expected = largest + 1
  local number = expected - expected % NUMBERS + low
  if number <= expected - NUMBERS / 2 then return number + NUMBERS end
  if number > expected + NUMBERS / 2 and number >= NUMBERS then return number - NUMBERS end
  return number
end

-- Phases that a packet with this bit may be of: of now, the next, the one before, then all that the log knows.
local function candidates(direction, bit)
  local list, seen = {}, {}
  local function add(phase)
    if phase >= 0 and phase % 2 == bit and not seen[phase] then
      seen[phase] = true
      list[#list + 1] = phase
    end
  end
  add(direction.phase)
  add(direction.phase + 1)
  add(direction.phase - 1)
  for phase in pairs(direction.secrets) do add(phase) end
  return list
end

-- Opens a packet: { header, number, phase, payload }, or nil and why not. Packets come in the order of the capture.
function keys.open(direction, packet)
  local masker = masker_of(direction)
  if not masker then return nil, "the key log has no secret of phase 0" end
  local mask = masker(packet:sub(HEADER_BYTES + 1, HEADER_BYTES + 16))
  local first = bits.bxor(packet:byte(1), mask:byte(1) % 32)
  local low = bits.bxor(bits.word(packet, 10), bits.word(mask, 2))
  local header = string.char(first) .. packet:sub(2, 9) .. bits.bytes(low)
  local number = full_number(direction.largest, low)
  for _, phase in ipairs(candidates(direction, math.floor(first / 4) % 2)) do
    local open = opener_of(direction, phase)
    local payload = open and open(number, header, packet:sub(HEADER_BYTES + 1))
    if payload then
      direction.phase = math.max(direction.phase, phase)
      direction.largest = math.max(direction.largest, number)
      return { header = header, number = number, phase = phase, payload = payload }
    end
  end
  return nil, "the tag fits no key of the log"
end

return keys
