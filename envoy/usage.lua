-- Listener filter: what a JSON answer says it cost, for the access log; a stream without the
-- event that says so, where only the gateway asked for it (Envoy's own filter has counted it); and
-- for the metrics, how fast a stream came.
--
-- A JSON body passes as it comes, unbuffered: Envoy would refuse one that its buffers do not hold,
-- and embeddings take megabytes. Only the piece that may hold the usage is kept until the rest of
-- it has come. Inside a string every quote is escaped, so what reads `"usage":` is a key.
--
-- The event of a stream has `"choices":[]`, where every client looks for its first choice. Only
-- the beginning of an event that may be this one waits for its end. All others pass as they came.
--
-- Before this file comes json.lua.

-- Names of counts in an answer, and those under which they are told.
local COUNTS = {
  prompt_tokens = "prompt_tokens", input_tokens = "prompt_tokens",
  completion_tokens = "completion_tokens", output_tokens = "completion_tokens",
  total_tokens = "total_tokens",
  cached_tokens = "cached_tokens", prompt_cache_hit_tokens = "cached_tokens",
  cache_read_input_tokens = "cache_read_tokens", cache_creation_input_tokens = "cache_written_tokens",
}
local SUMS = { "prompt_tokens", "cached_tokens", "total_tokens" }
local KEY = '"usage"'
local LONGEST = 4096  -- bytes of a usage object, with the colon before it

-- What some leave to their readers: a total; and Anthropic's API (`messages`), which counts what went
-- into its cache or came out of it beside the rest of the prompt, the whole prompt.
local function add_up(found, messages)
  local asked, answered = found.prompt_tokens, found.completion_tokens
  if asked and messages then
    asked = asked + (found.cache_read_tokens or 0) + (found.cache_written_tokens or 0)
    found.prompt_tokens, found.cached_tokens = asked, found.cache_read_tokens
  end
  if asked and answered and (messages or not found.total_tokens) then
    found.total_tokens = asked + answered
  end
  return found
end

-- The counts of a usage object, or nil if it has none of them.
local function counts(object)
  local found
  for name, digits in string.gmatch(object, '"([%w_]+)"%s*:%s*(%d+)') do
    local known_as = COUNTS[name]
    if known_as then
      found = found or {}
      found[known_as] = found[known_as] or tonumber(digits)
    end
  end
  return found
end

-- The counts that `text` holds; or nil, and what to put before the text that follows.
local function read(text)
  local _, to = find(text, KEY, 1, true)
  while to do
    local value = string.sub(text, to + 1, to + LONGEST)
    local object = string.match(value, "^%s*:%s*(%b{})")
    local found = object and counts(object)
    if found then return found end
    local begins = string.find(value, "^%s*:%s*{") or string.find(value, "^%s*:?%s*$")
    if not object and begins and #value < LONGEST then
      return nil, string.sub(text, to + 1 - #KEY)
    end
    _, to = string.find(text, KEY, to + 1, true)
  end
  return nil, string.sub(text, 1 - #KEY)
end

local function read_usage(handle, messages)
  local kept = ""
  for chunk in handle:bodyChunks() do
    local found, rest = read(kept .. chunk:getBytes(0, chunk:length()))
    if found then
      -- Only now: what Envoy hands out before it waits for a chunk is dead after it.
      local metadata = handle:streamInfo():dynamicMetadata()
      for name, number in pairs(add_up(found, messages)) do metadata:set(LLM_METADATA, name, number) end
      return
    end
    kept = rest
  end
end

-- Lines end in LF or CRLF, here and in Envoy's own reader.
local BLANK_LINE = "\n\r?\n"
local LONGEST_EVENT = 8192  -- bytes; one that tells the usage has a few hundred

-- Whether a key of that name has an object. For every chunk: LuaJIT compiles what has no patterns.
local function names_usage(text)
  local _, to = find(text, KEY, 1, true)
  while to do
    local colon = skip_space(text, to + 1)
    if byte(text, skip_space(text, colon + 1)) == 123 then return true end
    _, to = find(text, KEY, to + 1, true)
  end
  return false
end

-- Whether a whole event tells the usage and nothing else.
local function tells_usage(event)
  if #event > LONGEST_EVENT then return false end
  local data = {}
  for line in string.gmatch(event, "[^\r\n]+") do
    data[#data + 1] = string.match(line, "^data:(.*)")
  end
  local text = concat(data, "\n")
  local doc = scan(text)
  local choices, usage = doc and last_member(doc, "choices"), doc and last_member(doc, "usage")
  return choices and usage and find(raw(text, choices), "^%[%s*%]$") ~= nil
    and byte(text, usage.value_from) == 123
end

-- Whether what an event begins with leaves open that it tells the usage. Only its first line can
-- settle that, and only as data: no reader heeds the other lines.
local function may_tell_usage(beginning)
  if #beginning > LONGEST_EVENT or find(beginning, "^%s*data:[ \t]*[^%s{]") then return false end
  return not find(beginning, '^%s*data:[^\r\n]-"choices"[ \t]*:[ \t]*%[[ \t]*[^%s%]]')
end

-- A stream's state: `held`, the beginning of an event that waits; and, inside an event that
-- passes already, `passed`, its last two bytes: a blank line may be cut in two.
local function new_stream()
  return { held = "", passed = nil }
end

-- What of a stream may pass once `bytes` have come.
local function without_usage(stream, bytes)
  local text = stream.held .. bytes
  local may_be_there = names_usage(text)
  -- Nearly always it is one whole event, and another.
  if not may_be_there and not stream.passed and find(text, "\n\n", 1, true) == #text - 1 then
    stream.held = ""
    return text
  end
  local parts, run, from = {}, 1, 1  -- a run of events that pass, and the event at hand
  if stream.passed then
    local _, stop = find(stream.passed .. text, BLANK_LINE)
    if not stop then
      stream.passed = sub(stream.passed .. text, -2)
      return text
    end
    from = stop - #stream.passed + 1
    stream.passed = nil
  end
  local _, stop = find(text, BLANK_LINE, from)
  while stop do
    if may_be_there and tells_usage(sub(text, from, stop)) then
      parts[#parts + 1] = sub(text, run, from - 1)
      run = stop + 1
    end
    from = stop + 1
    _, stop = find(text, BLANK_LINE, from)
  end
  stream.held = ""
  if from <= #text then
    local beginning = sub(text, from)
    if may_tell_usage(beginning) then
      stream.held = beginning
    else
      stream.passed = sub(beginning, -2)
      from = #text + 1
    end
  end
  parts[#parts + 1] = sub(text, run, from - 1)
  return concat(parts)
end

-- How fast a whole stream came: microseconds for each token after the first, and tokens a second.
local function tell_pace(handle, took)
  local metadata = handle:streamInfo():dynamicMetadata()
  local tokens = (metadata:get(LLM_METADATA) or {}).completion_tokens
  if not tokens or tokens < 2 or took <= 0 then return end
  metadata:set(LLM_METADATA, "token_us", 1000 * took / (tokens - 1))
  metadata:set(LLM_METADATA, "tokens_per_second", 1000 * (tokens - 1) / took)
end

-- The pieces of a model's stream, with an eye on the clock.
local function timed_chunks(handle)
  local next_chunk, began = handle:bodyChunks(), nil
  return function()
    local chunk = next_chunk()
    if chunk and not began then
      began = milliseconds()
      handle:streamInfo():dynamicMetadata():set(LLM_METADATA, "streams", true)
    elseif not chunk and began then
      tell_pace(handle, milliseconds() - began)
    end
    return chunk
  end
end

local function hide_usage(handle)
  handle:headers():remove("content-length")
  local stream, last, passes = new_stream(), nil, ""
  for chunk in timed_chunks(handle) do
    local bytes = chunk:getBytes(0, chunk:length())
    last, passes = chunk, without_usage(stream, bytes)
    if passes ~= bytes then chunk:setBytes(passes) end
  end
  -- The end has come: what waited was no such event. With trailers the last chunk is gone by now,
  -- and with it the beginning of an event that nobody could have read.
  if stream.held ~= "" then pcall(last.setBytes, last, passes .. stream.held) end
end

-- The same of a stream, once its end has told the counts.
local function add_up_at_end(handle)
  for _ in timed_chunks(handle) do end
  local metadata = handle:streamInfo():dynamicMetadata()
  local found = add_up(metadata:get(LLM_METADATA) or {}, true)
  for _, name in ipairs(SUMS) do
    if found[name] then metadata:set(LLM_METADATA, name, found[name]) end
  end
end

function envoy_on_response(handle)
  local known = handle:streamInfo():dynamicMetadata():get(LLM_METADATA)
  if not known then return end  -- nobody was chosen: an answer of the gateway's own
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  local messages = string.match(known.path or "", "^[^?]*") == MESSAGES_PATH
  if find(kind, "application/json", 1, true) then return read_usage(handle, messages) end
  -- What no model was asked for is a stream of the gateway's own.
  if not known.asked or not find(kind, "text/event-stream", 1, true) then return end
  if messages then return add_up_at_end(handle) end
  if known.hides_usage and (headers:get("content-encoding") or "identity") == "identity" then
    return hide_usage(handle)
  end
  for _ in timed_chunks(handle) do end
end
