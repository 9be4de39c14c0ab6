-- Handshake messages (docs/handshake.md) as fields. What Noise has encrypted is shown where the key log opens it.
--
-- Called by burstwire.lua. `handshake.fields` and `handshake.experts` are to be registered with the protocol.

local keys = require("burstwire_keys")

local handshake = { fields = {}, experts = {} }

handshake.TYPES = { [1] = "Initiation", [2] = "Response", [3] = "Final", [4] = "Cookie", [5] = "Version list" }
local PATTERNS = { [1] = "IK", [2] = "XX", [3] = "IKpsk2", [4] = "XXpsk3" }
local SUITES = { [1] = "AES-128-GCM", [2] = "AES-256-GCM", [3] = "ChaCha20-Poly1305" }
local VERSIONS = { [0] = "none", [0x62770001] = "1" }
local PARAMETERS = {
  [0x01] = "max_idle_timeout", [0x03] = "max_udp_payload_size", [0x04] = "initial_max_data",
  [0x05] = "initial_max_stream_data_bidi_local", [0x06] = "initial_max_stream_data_bidi_remote",
  [0x07] = "initial_max_stream_data_uni", [0x08] = "initial_max_streams_bidi", [0x09] = "initial_max_streams_uni",
  [0x0b] = "max_ack_delay", [0x0e] = "active_connection_id_limit", [0x20] = "max_datagram_frame_size",
  [0x3b01] = "max_message_size", [0x3b02] = "refusal_code",
}
local HEADER_BYTES, INITIATION_BYTES, MAC_BYTES, KEY_BYTES = 21, 1200, 16, 32

local function field(name, kind, text, ...)
  local made = ProtoField[kind]("burstwire." .. name, text, ...)
  table.insert(handshake.fields, made)
  return made
end

local f = {
  type = field("handshake.type", "uint8", "Message", base.DEC, handshake.TYPES, 0x7f),
  version = field("handshake.version", "uint32", "Version", base.HEX, VERSIONS),
  destination = field("handshake.destination_id", "bytes", "Destination connection id"),
  source = field("handshake.source_id", "bytes", "Source connection id"),
  pattern = field("handshake.pattern", "uint8", "Pattern", base.DEC, PATTERNS),
  suite = field("handshake.suite", "uint8", "Suite", base.DEC, SUITES),
  version_count = field("handshake.version_count", "uint8", "Versions that the sender speaks"),
  spoken_version = field("handshake.spoken_version", "uint32", "Version", base.HEX, VERSIONS),
  suite_count = field("handshake.suite_count", "uint8", "Suites that the sender speaks"),
  spoken_suite = field("handshake.spoken_suite", "uint8", "Suite", base.DEC, SUITES),
  token_length = field("handshake.token_length", "uint8", "Length of the token"),
  token = field("handshake.token", "bytes", "Token"),
  ephemeral = field("handshake.ephemeral", "bytes", "Ephemeral public key"),
  static = field("handshake.encrypted_static", "bytes", "Static public key, encrypted"),
  open_static = field("handshake.static", "bytes", "Static public key"),
  payload = field("handshake.payload", "bytes", "Payload, encrypted"),
  time = field("handshake.time", "uint64", "Time, µs since 1970"),
  bound_id = field("handshake.bound_id", "bytes", "Connection id of the responder"),
  parameters_length = field("handshake.parameters_length", "uint16", "Length of the transport parameters"),
  parameter = field("handshake.parameter", "none", "Transport parameter"),
  parameter_id = field("handshake.parameter.id", "uint32", "Id", base.HEX, PARAMETERS),
  parameter_value = field("handshake.parameter.value", "uint64", "Value"),
  parameter_bytes = field("handshake.parameter.bytes", "bytes", "Value"),
  padding = field("handshake.padding_length", "uint32", "Bytes of padding"),
  clear = field("handshake.clear_payload", "bytes", "Payload, in clear"),
  mac1 = field("handshake.mac1", "bytes", "mac1"),
  mac2 = field("handshake.mac2", "bytes", "mac2"),
  mac = field("handshake.mac", "bytes", "MAC of an answer"),
  nonce = field("handshake.cookie_nonce", "bytes", "Nonce"),
  cookie = field("handshake.cookie", "bytes", "Cookie, encrypted"),
}
local cut = ProtoExpert.new("burstwire.handshake.cut", "Not as long as it must be", expert.group.MALFORMED, expert.severity.ERROR)
table.insert(handshake.experts, cut)

-- Patterns by (initiator's id of the handshake): the response and the final message do not name them.
local patterns = {}

function handshake.forget()
  patterns = {}
end

-- Whether these bytes (a string) look like a message of ours.
function handshake.looks_right(text)
  local kind = text:byte(1) - 0x80
  if not handshake.TYPES[kind] or #text < 44 then return false end
  local is_list = kind == 5 and text:sub(2, 5) == "\0\0\0\0"
  if kind == 1 and (#text < INITIATION_BYTES or text:sub(6, 13) ~= ("\0"):rep(8)) then return false end
  return is_list or text:sub(2, 3) == "\x62\x77"
end

-- Counts of versions and of suites, and what follows; where it ends.
local function add_lists(buffer, tree, at)
  local versions = buffer(at, 1):uint()
  local item = tree:add(f.version_count, buffer(at, 1))
  for i = 1, versions do item:add(f.spoken_version, buffer(at + 4 * i - 3, 4)) end
  at = at + 1 + 4 * versions
  local suites = buffer(at, 1):uint()
  item = tree:add(f.suite_count, buffer(at, 1))
  for i = 1, suites do item:add(f.spoken_suite, buffer(at + i, 1)) end
  return at + 1 + suites
end

-- A varint (RFC 9000 section 16) at `at`: its value as a UInt64, and its bytes.
local function varint(buffer, at)
  local size = 2 ^ buffer(at, 1):bitfield(0, 2)
  if size < 8 then return UInt64.new(buffer(at, size):bitfield(2, 8 * size - 2)), size end
  return UInt64.new(buffer(at + 4, 4):uint(), buffer(at, 4):bitfield(2, 30)), size
end

-- One of the list of transport parameters; where the next one begins.
local function add_parameter(buffer, tree, at)
  local id, id_size = varint(buffer, at)
  local length, length_size = varint(buffer, at + id_size)
  local from = at + id_size + length_size
  local size = length:tonumber()
  local number = id:tonumber()
  local item = tree:add(f.parameter, buffer(at, from - at + size))
  item:add(f.parameter_id, buffer(at, id_size), number)
  local name = PARAMETERS[number] or ("parameter 0x%x"):format(number)
  local value, value_size
  if PARAMETERS[number] and size > 0 then value, value_size = varint(buffer, from) end
  if value and value_size == size then
    item:add(f.parameter_value, buffer(from, size), value)
    name = ("%s: %s"):format(name, tostring(value))
  elseif size > 0 then
    item:add(f.parameter_bytes, buffer(from, size))
  end
  item:set_text(name)
  return from + size
end

-- The payload of a Noise message of this type, in clear.
local function add_payload(buffer, tree, kind)
  local at = 0
  if kind == 1 then tree:add(f.time, buffer(0, 8)) end
  if kind == 2 then tree:add(f.bound_id, buffer(0, 8)) end
  if kind ~= 3 then at = 8 end
  local stop = at + 2 + buffer(at, 2):uint()
  tree:add(f.parameters_length, buffer(at, 2))
  at = at + 2
  while at < stop do at = add_parameter(buffer, tree, at) end
  if at < buffer:len() then tree:add(f.padding, buffer(at), buffer:len() - at) end
end

-- What the piece in `range` says, as a buffer of its own, or nil.
local function open_piece(range, name)
  local plain = keys.open_piece(range:raw())
  return plain and ByteArray.new(plain, true):tvb(name)
end

-- The parts of a Noise message from `at` to `to`: keys in their order, then the payload.
local function add_noise(buffer, tree, kind, at, to, parts, is_clear)
  for _, part in ipairs(parts) do
    local size = part == f.static and KEY_BYTES + MAC_BYTES or KEY_BYTES
    tree:add(part, buffer(at, size))
    local static = part == f.static and open_piece(buffer(at, size), "Static public key, decrypted")
    if static then tree:add(f.open_static, static()) end
    at = at + size
  end
  local item = tree:add(is_clear and f.clear or f.payload, buffer(at, to - at))
  local payload = is_clear and buffer(at, to - at):tvb() or open_piece(buffer(at, to - at), "Payload, decrypted")
  if payload then add_payload(payload, item, kind) end
end

local function add_initiation(buffer, tree)
  local pattern = buffer(21, 1):uint()
  patterns[buffer(13, 8):raw()] = pattern
  tree:add(f.pattern, buffer(21, 1))
  tree:add(f.suite, buffer(22, 1))
  local at = add_lists(buffer, tree, 23)
  local size = buffer(at, 1):uint()
  tree:add(f.token_length, buffer(at, 1))
  if size > 0 then tree:add(f.token, buffer(at + 1, size)) end
  local end_of_noise = buffer:len() - 2 * MAC_BYTES
  local is_strange = pattern % 2 == 0
  add_noise(buffer, tree, 1, at + 1 + size, end_of_noise, is_strange and { f.ephemeral } or { f.ephemeral, f.static }, is_strange)
  tree:add(f.mac1, buffer(end_of_noise, MAC_BYTES))
  tree:add(f.mac2, buffer(end_of_noise + MAC_BYTES, MAC_BYTES))
  return PATTERNS[pattern] or "unknown pattern"
end

local function add_answer(buffer, tree, kind)
  local to = buffer:len() - MAC_BYTES
  if kind == 2 then
    local pattern = patterns[buffer(5, 8):raw()]
    local is_strange = pattern and pattern % 2 == 0
    add_noise(buffer, tree, 2, HEADER_BYTES, to, is_strange and { f.ephemeral, f.static } or { f.ephemeral })
  elseif kind == 3 then
    add_noise(buffer, tree, 3, HEADER_BYTES, to, { f.static })
  elseif kind == 4 then
    tree:add(f.nonce, buffer(21, 24))
    tree:add(f.cookie, buffer(45))
    return ""
  else
    add_lists(buffer, tree, HEADER_BYTES)
  end
  tree:add(f.mac, buffer(to, MAC_BYTES))
  return ""
end

-- Adds the message to `tree`; what the column says.
function handshake.dissect(buffer, tree)
  local kind = buffer(0, 1):uint() - 0x80
  tree:add(f.type, buffer(0, 1))
  tree:add(f.version, buffer(1, 4))
  tree:add(f.destination, buffer(5, 8))
  tree:add(f.source, buffer(13, 8))
  -- A range beyond the end raises an error.
  local is_whole, detail = pcall(kind == 1 and add_initiation or add_answer, buffer, tree, kind)
  if not is_whole then tree:add_proto_expert_info(cut) end
  local name = handshake.TYPES[kind]
  return is_whole and detail ~= "" and ("%s, %s"):format(name, detail) or name
end

return handshake
