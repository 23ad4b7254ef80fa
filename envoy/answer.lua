-- Listener filter of the prompt listener: what the LLM's own answer is to have besides.
--
-- When an API was called for a prompt, clients want to see the call and what it returned. What to
-- show was made while the request was decided and waits in the stream's metadata, so nothing but
-- Envoy touches an answer, and a stream passes as it comes:
--   MEMBERS_KEY  members, each with its comma, that go after the first `{` of an object: the LLM's
--                whole answer, or the first chunk of its stream
--   EVENTS_KEY   whole events that go before the first one of a stream, as v0.1's clients want it
--
-- When the LLM failed and the error target could not help either, the client gets the LLM's
-- failure, not the error target's.
--
-- Before this file comes TEXT_ERRORS: true if messages are to be v0.1's and no more.

-- Before the first byte of an answer.
local function insert_first(handle, edit)
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > 0 then
      chunk:setBytes(edit(chunk:getBytes(0, length)))
      return
    end
  end
end

-- Whether a line of a stream, as far as it has come, may yet hold an object.
local function may_hold_object(line)
  return line ~= "" and (string.find("data:", line, 1, true) == 1
    or string.find(line, "^data:[ \t]*$") ~= nil)
end

-- A stream's state: `held`, the beginning of a line that waits, and `before`, the byte that passed last.
local function new_stream()
  return { held = "", before = "\n" }
end

-- What of a stream may pass once `bytes` have come, and whether its first object was among them.
local function with_members(stream, bytes, members)
  local text = stream.held .. bytes
  local _, brace = string.find(stream.before .. text, "[\r\n]data:[ \t]*{")
  if brace then
    brace = brace - #stream.before
    stream.held = ""
    return string.sub(text, 1, brace) .. members .. string.sub(text, brace + 1), true
  end
  local line = string.match(text, "[^\r\n]*$")
  local starts = #line < #text or stream.before == "\n" or stream.before == "\r"
  stream.held = starts and may_hold_object(line) and line or ""
  local passes = string.sub(text, 1, #text - #stream.held)
  if passes ~= "" then stream.before = string.sub(passes, -1) end
  return passes, false
end

local function insert_in_first_event(handle, members)
  local stream, last, passes, done = new_stream(), nil, "", false
  for chunk in handle:bodyChunks() do
    local bytes = chunk:getBytes(0, chunk:length())
    last, passes, done = chunk, with_members(stream, bytes, members)
    if passes ~= bytes then chunk:setBytes(passes) end
    if done then return end
  end
  -- A stream that ended without an object; see usage.lua.
  if stream.held ~= "" then pcall(last.setBytes, last, passes .. stream.held) end
end

local function restore_failure(handle, known)
  local headers = handle:headers()
  headers:replace(":status", known.told_status)
  headers:replace("content-type", TEXT_ERRORS and "text/plain" or "application/json")
  headers:replace(ERROR_CODE_HEADER, "llm_unavailable")
  local body = "the LLM provider failed with status " .. known.told_status
    .. ", and so did the error target"
  if not TEXT_ERRORS then
    -- As Envoy writes the errors that are its own; see emit/local_reply.py.
    body = '{"error":{"code":"llm_unavailable","message":"' .. body .. '","param":null,"request_id":"'
      .. known.request_id .. '","type":"server_error"}}'
  end
  handle:body(true):setBytes(body)
  handle:headers():replace("content-length", tostring(#body))
end

function envoy_on_response(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  local headers = handle:headers()
  local status = headers:get(":status")
  local known = metadata:get(LLM_METADATA) or {}
  if known.told_status and tonumber(status) >= 400 then return restore_failure(handle, known) end

  local prompt = metadata:get(PROMPT_METADATA)
  if not prompt or status ~= "200" then return end
  local kind = headers:get("content-type") or ""
  local events, members = prompt[EVENTS_KEY], prompt[MEMBERS_KEY]
  local streams = string.find(kind, "text/event-stream", 1, true)
  if not streams and not string.find(kind, "application/json", 1, true) then return end
  if (headers:get("content-encoding") or "identity") ~= "identity" then return end
  headers:remove("content-length")
  if streams and events then
    insert_first(handle, function(bytes) return events .. bytes end)
  elseif streams then
    insert_in_first_event(handle, members)
  elseif members then
    insert_first(handle, function(bytes)
      return (string.gsub(bytes, "^%s*{", function(brace) return brace .. members end))
    end)
  end
end
