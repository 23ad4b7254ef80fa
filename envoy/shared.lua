-- Limits that gateways share, for choose.lua: its `spend` and `settle` in place of those of budgets.lua.
--
-- What is spent is not known here. A filter behind this script asks those who know, and the sum of it is
-- told when the call has ended. Which limits that concerns is left for it in LLM_METADATA:
--   shared_N        { name, who, requests_per_unit, unit, value }: a limit, and whose sum of it; `value` is
--                   of its header, for the client that is refused
--   settled_N       the same, once it is known what the call cost; not if it was refused
--   reserved, cost  the tokens that were taken, and those that are charged for them; text
--
-- A client that leaves before an answer begins has paid what its call was estimated at. The value of a
-- header may be a key: from here on it is a digest.
--
-- Before this file come budgets.lua and
--   ROUTES  name → { shared = { limits = { limit … }, budgets = as budgets.lua has them } }; a limit:
--           { slot, header, value, name, tokens, seconds }, as choose.lua has them

local NOTED_AFTER = 20  -- tokens, about: of a stream that goes on
local UNITS = { [1] = "SECOND", [60] = "MINUTE", [3600] = "HOUR", [86400] = "DAY" }

local function hash_with(text, factor)
  local found = #text
  for index = 1, #text do found = (found * factor + byte(text, index)) % 2147483648 end
  return found
end

-- 62 bits: enough to tell users apart, too few to tell a key by.
local function digest(value)
  return string.format("%08x%08x", hash_with(value, 33), hash_with(value, 65599))
end

-- The limits on a header that concern a request. As elsewhere, one on the very value goes before the one
-- for any value.
local function limits_on_headers(limits, headers)
  local by_slot, found = {}, {}
  for _, limit in ipairs(limits) do
    local value = limit.header and headers:get(limit.header) or nil
    local any = limit.value == nil and by_slot[limit.slot] == nil
    if limit.header == nil or value and (limit.value == value or any) then
      by_slot[limit.slot] = { limit = limit, who = value and digest(value) or "all", value = value }
    end
  end
  for _, limit in ipairs(limits) do
    local known = by_slot[limit.slot]
    if known and known.limit == limit then found[#found + 1] = known end
  end
  return found
end

local function concerning(route, client, headers)
  local found = limits_on_headers(route.shared.limits, headers)
  for _, budget in ipairs(budgets_of(route.shared, client)) do
    found[#found + 1] = { limit = budget, who = client or "-" }
  end
  return found
end

-- It refuses nothing: the filter does.
local function spend(handle, route, client)
  if not route.shared then return end
  local metadata = handle:streamInfo():dynamicMetadata()
  for number, each in ipairs(concerning(route, client, handle:headers())) do
    local limit = each.limit
    metadata:set(LLM_METADATA, "shared_" .. number, {
      name = limit.name, who = each.who, value = each.value,
      requests_per_unit = limit.tokens, unit = UNITS[limit.seconds],
    })
  end
end

-- The limits that were asked about a call, as `spend` left them.
local function asked_of(known)
  local found = {}
  while known["shared_" .. #found + 1] do found[#found + 1] = known["shared_" .. #found + 1] end
  return found
end

local function leading_number(text)
  return tonumber(string.match(text or "", "^%d+"))
end

-- The one that refused, which is told by its numbers alone.
local function refusing(asked, headers)
  local told = headers:get("x-ratelimit-limit") or ""
  local tokens, unit = leading_number(told), UNITS[tonumber(string.match(told, "w=(%d+)"))]
  for _, each in ipairs(asked) do
    if each.requests_per_unit == tokens and each.unit == unit then return each end
  end
  return asked[1]
end

-- What a limit on a header says, as where each gateway counts by itself.
local function exceeded(limit, value, known)
  local selector = limit.header
    and string.format('selector=Header { key: "%s", value: "%s" }, ', limit.header, value or "") or ""
  return "exceeded limit provider=" .. known.model .. ", " .. selector .. "tokens_used="
    .. known.est_tokens
end

-- Headers and message of a refusal, worded as if this gateway had counted.
local function worded(route, known, headers)
  local wait = leading_number(headers:get("x-ratelimit-reset")) or 1
  local each = refusing(asked_of(known), headers)
  for _, budget in ipairs(budgets_of(route.shared, known.client)) do
    if budget.name == each.name then
      return used_up(budget, known.client, tonumber(known.est_tokens), wait)
    end
  end
  for _, limit in ipairs(route.shared.limits) do
    if limit.name == each.name then
      return {
        ["x-ratelimit-limit"] = string.format("%d", limit.tokens),
        ["x-ratelimit-remaining"] = tostring(leading_number(headers:get("x-ratelimit-remaining")) or 0),
        ["x-ratelimit-reset"] = tostring(wait),
        ["retry-after"] = tostring(wait),
      }, exceeded(limit, each.value, known)
    end
  end
end

-- Puts the limit's own words into the refusal that the filter gave.
local function tell_refusal(handle, route, known)
  local headers = handle:headers()
  headers:remove(SHARED_LIMIT_HEADER)
  local found, message = worded(route, known, headers)
  if not found then return end
  message = string.gsub(message, "[^ -~]", "?")
  for name, value in pairs(found) do
    if sub(name, 1, 1) ~= ":" and name ~= "content-type" then headers:replace(name, value) end
  end
  headers:replace(ERROR_MESSAGE_HEADER, message)
  local body = handle:body(true)
  local text = body:getBytes(0, body:length())
  local from, to = find(text, SHARED_LIMIT_REFUSAL, 1, true)
  if not from then return end
  local quoted_message = TEXT_ERRORS and message or string.gsub(message, '["\\]', "\\%0")
  body:setBytes(sub(text, 1, from - 1) .. quoted_message .. sub(text, to + 1))
end

local function set_tokens(handle, name, tokens)
  local text = string.format("%d", tokens)
  handle:streamInfo():dynamicMetadata():set(LLM_METADATA, name, text)
end

-- Follows an answer to its end, so that what it cost is charged in place of what was estimated.
local function settle(handle, route, known)
  local counted = tonumber(known.est_tokens)
  if not (route and route.shared and counted and known.shared_1) then return end
  local headers = handle:headers()
  if headers:get(SHARED_LIMIT_HEADER) then return tell_refusal(handle, route, known) end
  -- These are there where the service has answered. Else nothing was taken from it.
  local reserved = headers:get("x-ratelimit-limit") and counted or 0
  local failed = tonumber(headers:get(":status")) >= 400
  if failed and reserved == 0 then return end
  local streams = find(headers:get("content-type") or "", "text/event-stream", 1, true)
  local metadata = handle:streamInfo():dynamicMetadata()
  for number, each in ipairs(asked_of(known)) do
    metadata:set(LLM_METADATA, "settled_" .. number, each)
  end
  set_tokens(handle, "reserved", reserved)
  set_tokens(handle, "cost", failed and 0 or counted)
  if failed then return end
  local told_at = counted
  for chunk in handle:bodyChunks() do
    if streams then
      counted = counted + chunk:length() / STREAM_BYTES
      -- A stream that its client leaves never tells, so its cost is noted as it comes.
      if counted > told_at + NOTED_AFTER then
        set_tokens(handle, "cost", math.ceil(counted))
        told_at = counted
      end
    end
  end
  local told = (handle:streamInfo():dynamicMetadata():get(LLM_METADATA) or {}).total_tokens
  set_tokens(handle, "cost", math.max(0, told or math.ceil(counted)))
end
