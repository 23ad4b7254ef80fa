-- Listener filter: what a JSON answer says it cost, for the access log.
--
-- The body passes as it comes, unbuffered: Envoy would refuse one that its buffers do not hold,
-- and embeddings take megabytes. Only the piece that may hold the usage is kept until the rest of
-- it has come. Inside a string every quote is escaped, so what reads `"usage":` is a key.

local COUNTS = { "prompt_tokens", "completion_tokens", "total_tokens" }
local KEY = '"usage"'
local LONGEST = 4096  -- bytes of a usage object, with the colon before it

-- The counts of a usage object, or nil if it has none of them.
local function counts(object)
  local found
  for _, name in ipairs(COUNTS) do
    local number = tonumber(string.match(object, '"' .. name .. '"%s*:%s*(%d+)'))
    if number then
      found = found or {}
      found[name] = number
    end
  end
  return found
end

-- The counts that `text` holds; or nil, and what to put before the text that follows.
local function read(text)
  local _, to = string.find(text, KEY, 1, true)
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

function envoy_on_response(handle)
  local kind = handle:headers():get("content-type") or ""
  if not string.find(kind, "application/json", 1, true) then return end
  local kept = ""
  for chunk in handle:bodyChunks() do
    local found, rest = read(kept .. chunk:getBytes(0, chunk:length()))
    if found then
      -- Only now: what Envoy hands out before it waits for a chunk is dead after it.
      local metadata = handle:streamInfo():dynamicMetadata()
      for name, number in pairs(found) do metadata:set(LLM_METADATA, name, number) end
      return
    end
    kept = rest
  end
end
