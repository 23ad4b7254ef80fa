-- The budgets of clients, for choose.lua.
--
-- What is spent must be one number for all workers, and what a script remembers is its worker's own. A
-- gauge of Envoy's is such a number: any worker may add to it. It holds the time, in microseconds of a
-- clock that nobody sets, when all that was spent will have come in again. A call is let in if that
-- time, with what it is estimated at, is no further off than the budget's period. When an answer has
-- told what it cost, the difference is added or taken away, however far that puts the time off: so what
-- a client owes is paid before its next call, and a budget holds over the days.
--
-- Gauges live as long as their listener, over any reload of routes. A client that the config names has
-- its own; names that only a credential says share SHARED_GAUGES of them, so there are never more.
--
-- Before this file come
--   ROUTES   name → { budgets = { each = { budget … }, named = { client → { budget … } } } }; a budget:
--            { name, what = what it is for, tokens, seconds = its period, unit = that in words }
--   CLIENTS  client → true, of those that the config names

local SHARED_GAUGES = 4096
local STREAM_BYTES = 150  -- of a stream's events for each token, about; until its end tells how many

local function budgets_of(route, client)
  local all = route and route.budgets
  return all and (all.named[client or ""] or all.each) or {}
end

local function hash(text)
  local found = 5381
  for index = 1, #text do found = (found * 33 + byte(text, index)) % 2147483648 end
  return found
end

local function gauge_of(handle, budget, client)
  local who = "-"
  if client then who = CLIENTS[client] and client or "~" .. hash(client) % SHARED_GAUGES end
  return handle:stats():gauge(BUDGETS_PREFIX .. "." .. budget.name .. "." .. who)
end

local function microseconds(tokens, budget)
  return math.ceil(tokens * budget.seconds * 1e6 / budget.tokens)
end

-- Charges further tokens, or gives some back.
local function charge(handle, budgets, client, tokens)
  for _, budget in ipairs(budgets) do
    local gauge = gauge_of(handle, budget, client)
    if tokens > 0 then
      gauge:add(microseconds(tokens, budget))
    elseif tokens < 0 then
      gauge:sub(microseconds(-tokens, budget))
    end
  end
end

-- Takes tokens from one budget if they are there. Else what is lacking, in seconds.
--
-- Two workers may do this at once, so a call is first charged and then looks at the sum: too many are
-- never let in. Only where nothing is owed, the first of several calls in one instant may go uncounted.
local function take(handle, budget, client, tokens)
  local gauge, now = gauge_of(handle, budget, client), milliseconds() * 1000
  local cost = microseconds(tokens, budget)
  if gauge:value() < now then gauge:set(now) end
  gauge:add(cost)
  local lacking = gauge:value() - now - budget.seconds * 1e6
  if lacking <= 0 then return nil end
  gauge:sub(cost)
  return lacking / 1e6
end

-- How long that is, as people say it.
local function in_words(seconds)
  if seconds <= 120 then return string.format("%d s", seconds) end
  if seconds <= 7200 then return string.format("%d min", math.ceil(seconds / 60)) end
  return string.format("%d h", math.ceil(seconds / 3600))
end

-- What is said of a budget that does not hold a call: the message, and headers for whoever waits.
local function used_up(budget, client, tokens, lacking)
  local who = client and 'the client "' .. client .. '"' or "clients without a name"
  local limit = string.format("%d tokens %s for %s", budget.tokens, budget.unit, budget.what)
  local headers = {
    [":status"] = "429",
    ["content-type"] = "text/plain; charset=utf-8",
    [ERROR_CODE_HEADER] = "rate_limited",
    [ERROR_TYPE_HEADER] = "rate_limit_error",
    ["x-ratelimit-limit"] = string.format("%d", budget.tokens),
  }
  if tokens > budget.tokens then
    headers["x-should-retry"] = "false"
    return headers, string.format("the prompt is about %d tokens long, more than %s may send at all: "
      .. "the limit is %s; send less", tokens, who, limit)
  end
  local wait = math.max(1, math.ceil(lacking))
  local there = math.floor(tokens - lacking * budget.tokens / budget.seconds)
  headers["retry-after"] = string.format("%d", wait)
  headers["x-ratelimit-reset"] = headers["retry-after"]
  headers["x-ratelimit-remaining"] = string.format("%d", math.max(0, there))
  return headers, string.format("%s has used up a limit, %s; the prompt is about %d tokens long: "
    .. "try again in %s", who, limit, tokens, in_words(wait))
end

-- Takes what a call is estimated at from all of its budgets; or from none, and headers and message of a
-- refusal.
local function spend(handle, route, client, tokens)
  local budgets = budgets_of(route, client)
  for index, budget in ipairs(budgets) do
    local lacking = take(handle, budget, client, tokens)
    if lacking then
      charge(handle, { unpack(budgets, 1, index - 1) }, client, -tokens)
      return used_up(budget, client, tokens, lacking)
    end
  end
end

-- Follows an answer to its end, and puts what it cost in place of what was estimated. A stream that
-- its client leaves never tells, so what came of it is charged as it comes.
local function settle(handle, route, known)
  if known.over_budget then return end
  local client, counted = known.client, tonumber(known.est_tokens)
  local budgets = budgets_of(route, client)
  if not counted or #budgets == 0 then return end
  local headers = handle:headers()
  if tonumber(headers:get(":status")) >= 400 then
    return charge(handle, budgets, client, -counted)
  end
  local streams = find(headers:get("content-type") or "", "text/event-stream", 1, true)
  for chunk in handle:bodyChunks() do
    if streams then
      local tokens = math.ceil(chunk:length() / STREAM_BYTES)
      charge(handle, budgets, client, tokens)
      counted = counted + tokens
    end
  end
  local told = (handle:streamInfo():dynamicMetadata():get(LLM_METADATA) or {}).total_tokens
  if told then charge(handle, budgets, client, told - counted) end
end
