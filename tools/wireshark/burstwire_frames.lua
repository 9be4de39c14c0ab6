-- Frames of a decrypted payload (docs/wire-format.md, F1 to F15) as fields.
--
-- It opens no packets. Called by burstwire.lua with a buffer of plaintext. `frames.fields` and `frames.experts` are to be
-- registered with the protocol. A malformed frame becomes an expert item, and ends the payload.

local frames = { fields = {}, experts = {} }

local NAMES = {
  [0x00] = "PADDING", [0x01] = "PING", [0x02] = "ACK", [0x03] = "ACK_ECN", [0x04] = "RESET_STREAM",
  [0x05] = "STOP_SENDING", [0x10] = "MAX_DATA", [0x11] = "MAX_STREAM_DATA", [0x12] = "MAX_STREAMS_BIDI",
  [0x13] = "MAX_STREAMS_UNI", [0x14] = "DATA_BLOCKED", [0x15] = "STREAM_DATA_BLOCKED",
  [0x16] = "STREAMS_BLOCKED_BIDI", [0x17] = "STREAMS_BLOCKED_UNI", [0x18] = "NEW_CONNECTION_ID",
  [0x19] = "RETIRE_CONNECTION_ID", [0x1a] = "PATH_CHALLENGE", [0x1b] = "PATH_RESPONSE",
  [0x1c] = "CONNECTION_CLOSE", [0x1d] = "CONNECTION_CLOSE_APP", [0x30] = "DATAGRAM", [0x31] = "DATAGRAM",
}
for kind = 0x08, 0x0f do NAMES[kind] = "STREAM" end

local ERRORS = {
  [0x00] = "NO_ERROR", [0x01] = "INTERNAL_ERROR", [0x02] = "CONNECTION_REFUSED", [0x03] = "FLOW_CONTROL_ERROR",
  [0x04] = "STREAM_LIMIT_ERROR", [0x05] = "STREAM_STATE_ERROR", [0x06] = "FINAL_SIZE_ERROR",
  [0x07] = "FRAME_ENCODING_ERROR", [0x08] = "TRANSPORT_PARAMETER_ERROR", [0x09] = "CONNECTION_ID_LIMIT_ERROR",
  [0x0a] = "PROTOCOL_VIOLATION", [0x0c] = "APPLICATION_ERROR", [0x0e] = "KEY_UPDATE_ERROR", [0x0f] = "AEAD_LIMIT_REACHED",
  [0x107] = "EXCESSIVE_LOAD", [0x108] = "MESSAGE_TOO_LARGE",
}
local KINDS = { [0] = "bytes of the application", [1] = "one message" }

local function field(name, kind, text, ...)
  local made = ProtoField[kind]("burstwire." .. name, text, ...)
  table.insert(frames.fields, made)
  return made
end

local f = {
  frame = field("frame", "none", "Frame"),
  type = field("frame.type", "uint8", "Type", base.HEX, NAMES),
  padding = field("padding.length", "uint32", "Length"),
  largest = field("ack.largest", "uint64", "Largest acknowledged"),
  delay = field("ack.delay", "uint64", "Delay, units of 8 us"),
  more = field("ack.range_count", "uint64", "Further ranges"),
  first = field("ack.first_range", "uint64", "First range"),
  range = field("ack.range", "string", "Range"),
  ect0 = field("ack.ect0", "uint64", "ECT(0)"),
  ect1 = field("ack.ect1", "uint64", "ECT(1)"),
  ce = field("ack.ce", "uint64", "CE"),
  stream = field("stream.id", "uint64", "Stream id"),
  offset = field("stream.offset", "uint64", "Offset"),
  length = field("stream.length", "uint64", "Length"),
  fin = field("stream.fin", "bool", "The stream ends here"),
  kind = field("stream.kind", "uint8", "Kind", base.HEX, KINDS),
  data = field("stream.data", "bytes", "Data"),
  code = field("error", "uint64", "Error code"),
  final = field("stream.final_size", "uint64", "Final size"),
  maximum = field("maximum", "uint64", "Maximum"),
  limit = field("limit", "uint64", "Limit"),
  sequence = field("new_id.sequence", "uint64", "Sequence number"),
  prior = field("new_id.retire_prior_to", "uint64", "Retire prior to"),
  id_length = field("new_id.length", "uint8", "Length"),
  id = field("new_id.connection_id", "bytes", "Connection id"),
  token = field("new_id.reset_token", "bytes", "Reset token"),
  retired = field("retire_id.sequence", "uint64", "Sequence number"),
  path = field("path.data", "bytes", "Data"),
  wrong = field("close.frame_type", "uint64", "Frame that was wrong", base.HEX),
  reason_length = field("close.reason_length", "uint64", "Length of the reason"),
  reason = field("close.reason", "string", "Reason"),
  datagram_length = field("datagram.length", "uint64", "Length"),
  datagram = field("datagram.data", "bytes", "Data"),
}
local malformed = ProtoExpert.new("burstwire.malformed", "Malformed frame", expert.group.MALFORMED, expert.severity.ERROR)
table.insert(frames.experts, malformed)

-- Frames of nothing but numbers.
local PLAIN = {
  [0x04] = { f.stream, f.code, f.final }, [0x05] = { f.stream, f.code }, [0x10] = { f.maximum },
  [0x11] = { f.stream, f.maximum }, [0x12] = { f.maximum }, [0x13] = { f.maximum }, [0x14] = { f.limit },
  [0x15] = { f.stream, f.limit }, [0x16] = { f.limit }, [0x17] = { f.limit }, [0x19] = { f.retired },
}

local MOST, STREAMS_MOST = 2 ^ 53 - 1, 2 ^ 51
local COUNTS_STREAMS = { [0x12] = true, [0x13] = true, [0x16] = true, [0x17] = true }

-- Where a payload is being read. `reader.item`: the tree of the frame at hand.
local Reader = {}
Reader.__index = Reader

function Reader:need(count)
  if self.at + count > self.size then error({ reason = "it goes beyond the end of the payload" }) end
end

-- A varint (F2) as a number, and a field of it.
function Reader:number(of)
  self:need(1)
  local first = self.buffer(self.at, 1):uint()
  local size = math.floor(2 ^ math.floor(first / 64))
  self:need(size)
  local low, high
  if size == 8 then
    high = self.buffer(self.at, 4):uint() % 0x40000000
    low = self.buffer(self.at + 4, 4):uint()
  else
    high, low = 0, self.buffer(self.at, size):uint() % 2 ^ (8 * size - 2)
  end
  high, low = math.floor(high), math.floor(low)
  if high >= 0x200000 then error({ reason = "a number above 2^53 - 1" }) end
  self.item:add(of, self.buffer(self.at, size), UInt64.new(low, high))
  self.at = self.at + size
  return math.floor(high * 4294967296 + low)
end

function Reader:bytes(of, count)
  self:need(count)
  local range
  if count > 0 then
    range = self.buffer(self.at, count)
    self.item:add(of, range)
  end
  self.at = self.at + count
  return range
end

local function read_ack(r, kind)
  local largest = r:number(f.largest)
  r:number(f.delay)
  local more = r:number(f.more)
  if more > 255 then error({ reason = "more than 256 ranges" }) end
  local low = largest - r:number(f.first)
  local function show(from, high)
    if low < 0 then error({ reason = "a packet number below 0" }) end
    r.item:add(f.range, r.buffer(from, r.at - from), ("%d-%d"):format(low, high))
  end
  show(r.at - 1, largest)
  for _ = 1, more do
    local from = r.at
    local high = low - r:quiet() - 2
    low = high - r:quiet()
    show(from, high)
  end
  if kind == 0x03 then
    r:number(f.ect0)
    r:number(f.ect1)
    r:number(f.ce)
  end
  return (" %d"):format(largest)
end

-- A number without a field of its own.
function Reader:quiet()
  local item = self.item
  self.item = { add = function() end }
  local value = self:number(nil)
  self.item = item
  return value
end

local function read_stream(r, kind)
  local id = r:number(f.stream)
  local offset = math.floor(kind / 4) % 2 == 1 and r:number(f.offset) or 0
  local length = math.floor(kind / 2) % 2 == 1 and r:number(f.length) or r.size - r.at
  if offset + length > MOST then error({ reason = "an offset above 2^53 - 1" }) end
  r.item:add(f.fin, r.buffer(r.start, 1), kind % 2 == 1)
  if math.floor(id / 2) % 2 == 1 and offset == 0 and length > 0 then
    r:need(1)
    r.item:add(f.kind, r.buffer(r.at, 1))
  end
  r:bytes(f.data, length)
  return (" %d, %d bytes at %d%s"):format(id, length, offset, kind % 2 == 1 and ", end" or "")
end

local function read_new_id(r, on_id)
  local sequence = r:number(f.sequence)
  if r:number(f.prior) > sequence then error({ reason = "an id that retires itself" }) end
  if r:bytes(f.id_length, 1):uint() ~= 8 then error({ reason = "a connection id of another length" }) end
  local id = r:bytes(f.id, 8):raw()
  on_id(id, r:bytes(f.token, 16):raw())
  return (" %d"):format(sequence)
end

local function read_close(r, kind)
  local code = r:number(f.code)
  if kind == 0x1c then r:number(f.wrong) end
  local size = r:number(f.reason_length)
  r:need(size)
  if size > 0 then
    local range = r.buffer(r.at, size)
    r.item:add(f.reason, range, range:string(ENC_UTF_8))
  end
  r.at = r.at + size
  return kind == 0x1c and ERRORS[code] and " " .. ERRORS[code] or (" %d"):format(code)
end

local function read_body(r, kind, on_id)
  if kind == 0x00 then
    while r.at < r.size and r.buffer(r.at, 1):uint() == 0 do r.at = r.at + 1 end
    r.item:add(f.padding, r.buffer(r.start, r.at - r.start), r.at - r.start)
    return ""
  end
  if kind == 0x01 then return "" end
  if kind == 0x02 or kind == 0x03 then return read_ack(r, kind) end
  if kind >= 0x08 and kind <= 0x0f then return read_stream(r, kind) end
  if kind == 0x18 then return read_new_id(r, on_id) end
  if kind == 0x1a or kind == 0x1b then
    r:bytes(f.path, 8)
    return ""
  end
  if kind == 0x1c or kind == 0x1d then return read_close(r, kind) end
  if kind == 0x30 or kind == 0x31 then
    local length = kind == 0x31 and r:number(f.datagram_length) or r.size - r.at
    r:bytes(f.datagram, length)
    return (" %d bytes"):format(length)
  end
  if not PLAIN[kind] then error({ reason = "no such frame type" }) end
  local text = ""
  for _, of in ipairs(PLAIN[kind]) do
    local value = r:number(of)
    if COUNTS_STREAMS[kind] and value > STREAMS_MOST then error({ reason = "more streams than there are ids" }) end
    text = ("%s %d"):format(text, value)
  end
  return text
end

-- Adds all frames of `buffer` to `tree`; what the column says of them. `on_id`: called with each id and its token.
function frames.dissect(buffer, tree, on_id)
  local r = setmetatable({ buffer = buffer, size = buffer:len(), at = 0 }, Reader)
  local names = {}
  while r.at < r.size do
    r.start = r.at
    local kind = buffer(r.at, 1):uint()
    local name = NAMES[kind] or ("frame 0x%02x"):format(kind)
    r.item = tree:add(f.frame, buffer(r.at))
    r.item:add(f.type, buffer(r.at, 1))
    r.at = r.at + 1
    local is_good, result = pcall(read_body, r, kind, on_id)
    if not is_good then
      local reason = type(result) == "table" and result.reason or tostring(result)
      r.item:add_proto_expert_info(malformed, reason)
      r.item:set_text(name .. ", malformed: " .. reason)
      names[#names + 1] = name .. " (malformed)"
      break
    end
    r.item:set_text(name .. result)
    r.item:set_len(r.at - r.start)
    names[#names + 1] = name
  end
  return table.concat(names, ", ")
end

return frames
