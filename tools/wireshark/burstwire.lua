-- burstwire for Wireshark: handshakes, packets and frames; packets are decrypted with a key log.
--
-- Copy this folder to the personal Lua plugins (Help > About > Folders), or `tshark -X lua_script:burstwire.lua`. Where the
-- key log is: preference burstwire.keylog, or the variable BURSTWIRE_KEYLOG. docs/diagnostics.md says more.
--
-- Here is what belongs to datagrams: which are ours, trains that a capture shows in one piece, packet headers. The rest
-- is in the files beside it. Plain Lua: it needs no library, and is slow with large captures.

local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
package.path = here .. "?.lua;" .. package.path
local keys = require("burstwire_keys")
local handshake = require("burstwire_handshake")
local frames = require("burstwire_frames")

local burstwire = Proto("burstwire", "burstwire")
local f = {
  packet = ProtoField.none("burstwire.packet", "Protected packet"),
  id = ProtoField.bytes("burstwire.connection_id", "Destination connection id"),
  flags = ProtoField.uint8("burstwire.flags", "Flags", base.HEX),
  phase_bit = ProtoField.bool("burstwire.phase_bit", "Key phase", 8, nil, 0x04),
  number = ProtoField.uint64("burstwire.packet_number", "Packet number"),
  phase = ProtoField.uint32("burstwire.phase", "Key updates before"),
  sender = ProtoField.string("burstwire.sender", "Sender"),
  session = ProtoField.string("burstwire.session", "Session"),
  sealed = ProtoField.bytes("burstwire.sealed", "Sealed payload"),
  tag = ProtoField.bytes("burstwire.tag", "Tag"),
  reset = ProtoField.string("burstwire.stateless_reset", "Stateless reset of session"),
}
local unopened = ProtoExpert.new("burstwire.not_decrypted", "Not decrypted", expert.group.UNDECODED, expert.severity.NOTE)
local reserved = ProtoExpert.new("burstwire.reserved_bits", "Reserved bits are set", expert.group.PROTOCOL, expert.severity.ERROR)
local function all(own, ...)
  local list = {}
  for _, value in pairs(own) do list[#list + 1] = value end
  for _, others in ipairs({ ... }) do
    for _, value in ipairs(others) do list[#list + 1] = value end
  end
  return list
end
burstwire.fields = all(f, handshake.fields, frames.fields)
burstwire.experts = all({ unopened, reserved }, handshake.experts, frames.experts)
burstwire.prefs.keylog = Pref.string("Key log", os.getenv("BURSTWIRE_KEYLOG") or "", "What BURSTWIRE_KEYLOG has written")

-- What packets opened to, by frame of the capture and place in it: they are opened once, in order.
local opened = {}

local function forget()
  opened = {}
  handshake.forget()
  keys.open_log(burstwire.prefs.keylog)
end
burstwire.init = forget
burstwire.prefs_changed = forget

-- Bytes of each packet of a train. GSO and GRO show equal packets (the last may be shorter) in one piece; the next one
-- is where the connection id comes again.
local function packet_size(text)
  local id = text:sub(2, 9)
  local from = keys.SHORTEST + 2
  while true do
    local found = text:find(id, from, true)
    if not found then return #text end
    local size = found - 2
    local fits = true
    for start = size + 1, #text, size do
      local rest = #text - start + 1
      if rest < keys.SHORTEST or text:sub(start + 1, start + 8) ~= id then fits = false end
    end
    if fits then return size end
    from = found + 1
  end
end

local function result_of(place, text)
  local result = opened[place]
  if result then return result end
  result = {}
  local direction = keys.direction_of(text:sub(2, 9))
  if direction then
    result.direction = direction
    result.packet, result.why = keys.open(direction, text)
  else
    result.reset = keys.reset_of(text:sub(-16))
    result.why = "no key for this connection id"
  end
  opened[place] = result
  return result
end

local function add_open(buffer, tree, result)
  local packet, direction = result.packet, result.direction
  local first = packet.header:byte(1)
  tree:add(f.flags, buffer(0, 1), first)
  tree:add(f.phase_bit, buffer(0, 1), first)
  if first % 4 ~= 0 or math.floor(first / 8) % 4 ~= 0 then tree:add_proto_expert_info(reserved) end
  local high = math.floor(packet.number / 4294967296)
  tree:add(f.number, buffer(9, 4), UInt64.new(packet.number % 4294967296, high))
  tree:add(f.phase, packet.phase):set_generated()
  tree:add(f.sender, direction.sender):set_generated()
  tree:add(f.session, direction.session):set_generated()
  tree:add(f.sealed, buffer(13, buffer:len() - 29))
  tree:add(f.tag, buffer(buffer:len() - 16, 16))
  local names = "without frames, which is a PROTOCOL_VIOLATION"
  if #packet.payload > 0 then
    local plain = ByteArray.new(packet.payload, true)
    names = frames.dissect(plain:tvb(("Packet %d, decrypted"):format(packet.number)), tree, function(id, token)
      keys.add_id(direction, id, token)
    end)
  end
  tree:set_text(("Protected packet %d of the %s"):format(packet.number, direction.sender))
  return ("%d: %s"):format(packet.number, names)
end

local function add_packet(buffer, pinfo, root, offset)
  local tree = root:add(f.packet, buffer())
  tree:add(f.id, buffer(1, 8))
  local result = result_of(("%d %d"):format(pinfo.number, offset), buffer:raw())
  if result.packet then return add_open(buffer, tree, result) end
  if result.reset then
    tree:add(f.reset, result.reset):set_generated()
    return "Stateless reset"
  end
  tree:add_proto_expert_info(unopened, "Not decrypted: " .. result.why)
  return "Protected"
end

function burstwire.dissector(buffer, pinfo, root)
  local size = buffer:len()
  -- A datagram that the capture has cut off cannot be opened.
  if size == 0 or size ~= buffer:reported_len() then return 0 end
  local text = buffer:raw()
  local first = text:byte(1)
  local is_handshake = handshake.looks_right(text)
  if not is_handshake and (first < 0x40 or first > 0x5f or size < keys.SHORTEST) then return 0 end
  pinfo.cols.protocol = "burstwire"
  local tree = root:add(burstwire, buffer())
  if is_handshake then
    pinfo.cols.info = handshake.dissect(buffer, tree)
    return size
  end
  local infos = {}
  local step = packet_size(text)
  for offset = 0, size - 1, step do
    local part = buffer(offset, math.min(step, size - offset)):tvb()
    infos[#infos + 1] = add_packet(part, pinfo, tree, offset)
  end
  pinfo.cols.info = table.concat(infos, " | ")
  return size
end

-- There is no port of our own: a handshake, or a connection id that the log knows, makes a conversation ours.
burstwire:register_heuristic("udp", function(buffer, pinfo, root)
  if buffer:len() < keys.SHORTEST then return false end
  local text = buffer:raw()
  if not handshake.looks_right(text) then
    local first = text:byte(1)
    if first < 0x40 or first > 0x5f or not keys.direction_of(text:sub(2, 9)) then return false end
  end
  pinfo.conversation = burstwire
  return burstwire.dissector(buffer, pinfo, root) > 0
end)
DissectorTable.get("udp.port"):add_for_decode_as(burstwire)
