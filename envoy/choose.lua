-- Listener filter: which route an LLM call takes, and what it is going to cost.
--
-- Reads the body once, before routing. The route is, in this order,
--   1. what the client's hint says (CLIENT_HINT_HEADER, which comes as HINT_HEADER): the name of
--      a route, or "default";
--   2. the body's `model`, when it is the name of a route, a model of a provider or an alias; else
--      when one provider's models begin like it, or one takes any; else the call is refused;
--   3. the default, when no model is named.
-- It goes into PROVIDER_HEADER, by which alone the routes tell providers apart. For the token limits, the
-- messages and the access log it leaves dynamic metadata in LLM_METADATA:
--   path        the path as the client gave it (attempts share one set of headers, see rewrite.lua)
--   route       the route's name
--   operation   what the path is for, as SURFACES has it
--   model       the route's model as messages name it
--   named       the body's `model`, if it is a name for this route
--   bare        the same without the kind of provider before it, for a provider that has no model
--   client      who calls, if the listener asks
--   est_tokens  tokens of the prompt, estimated, at least 1; text, because a number of seven
--               digits prints as 1.23457e+06. Not there without a body.
--   hides_usage true if the client streams and did not ask for the usage (see usage.lua)
--   outline     what rewrite.lua need not scan again, see bodies.lua
--   over_budget true if the client's budget refused the call
--   limited     the route's name if the route has limits. Their descriptors ask for it.
--   period_N    seconds in which the bucket of slot N that this request draws on fills up
-- A body that is not one JSON object ends here with 400; rewrite.lua could only refuse it later.
--
-- Before this file come json.lua, bodies.lua, budgets.lua and the tables of the route config:
--   NAMES    names of the routes, in the order of the config
--   MODELS   model or alias → name of a route
--   BEGINNINGS  { how a model's name begins, name of a route } …
--   KINDS    kind of a provider → name of a route, for models named as openai/gpt-5
--   OTHERS   name of the route for other models, or nil
--   REFUSES_OTHERS  whether these are refused then
--   NO_SUCH_MODEL  what is said then, with the names that are known
--   DEFAULT  name of a route, or nil
--   ROUTES   name → { model = text for messages, limits = { { slot, header, value, period } … },
--            clients = { client → true }, budgets = see budgets.lua, shared = see shared.lua }
--            header nil: for everybody; value nil: for each value that no other limit names;
--            clients nil: anybody may use it
--   ORIGINS  patterns of the origins of web pages that may call
--   TEXT_ERRORS  true if messages are to be v0.1's and no more

local FORM_WANTED = 'send the header "content-type: multipart/form-data; boundary=..."'
local NO_ROUTE = PROVIDER_HEADER .. " header not set, llm gateway cannot perform routing\n"

local ANY_LIMIT, SETTLES = false, false
for _, route in pairs(ROUTES) do
  ANY_LIMIT = ANY_LIMIT or #route.limits > 0
  SETTLES = SETTLES or route.budgets ~= nil or route.shared ~= nil
end

local function refusal(status, code, message)
  return {
    message = message,
    headers = {
      [":status"] = status,
      ["content-type"] = "text/plain; charset=utf-8",
      [ERROR_CODE_HEADER] = code,
      [ERROR_TYPE_HEADER] = "invalid_request_error",
    },
  }
end

-- A client's word in a message: short, and nothing but printable ASCII.
local function quoted(text)
  text = string.gsub(sub(text, 1, 100), "[^ -~]", "?")
  return '"' .. text .. '"'
end

local function may_use(client, name)
  local clients = ROUTES[name].clients
  return not clients or clients[client or ""]
end

-- What a client may say for a provider.
local function known_names(client)
  local found = {}
  for _, name in ipairs(NAMES) do
    if may_use(client, name) then found[#found + 1] = name end
  end
  return concat(found, ", ") .. (DEFAULT and may_use(client, DEFAULT) and " or default" or "")
end

-- Never another provider instead: the client would pay for, or trust, what it did not ask for.
local function not_allowed(client, name)
  local who = client and "the client " .. quoted(client) or NAMELESS_CLIENT
  local others = known_names(client)
  local reason = refusal("403", "provider_not_allowed", who .. " may not use " .. quoted(name)
    .. ": " .. NOT_ITS_PROVIDER .. "; "
    .. (others ~= "" and "ask for one of: " .. others or NO_OTHER_PROVIDER))
  reason.headers[ERROR_TYPE_HEADER] = "permission_error"
  return reason
end

-- The route that a model's name is a name for.
local function named_route(model)
  return ROUTES[model] and model or MODELS[model]
end

local function unknown_model(model)
  local reason = refusal("404", "model_not_found", "the model " .. quoted(model) .. " "
    .. NO_SUCH_MODEL)
  reason.headers[ERROR_PARAM_HEADER] = "model"
  return reason
end

-- A model's name in two: the kind of a provider, if it begins with one, and the rest.
local function without_kind(model)
  local kind, rest = string.match(model, "^([^/]+)/(.+)$")
  if kind and KINDS[lower(kind)] then return lower(kind), rest end
end

-- The route for a model that the config does not name.
local function route_of_others(model)
  local kind = without_kind(model)
  if kind then return KINDS[kind] end
  for _, each in ipairs(BEGINNINGS) do
    if sub(lower(model), 1, #each[1]) == each[1] then return each[2] end
  end
  return OTHERS
end

-- The route's name, or nil and why there is none.
local function choose(hint, model, client)
  if hint and hint ~= "" then
    if ROUTES[hint] then return hint end
    if hint == "default" and DEFAULT then return DEFAULT end
    if hint ~= "default" then
      return nil, refusal("400", "unknown_provider", "unknown LLM provider " .. quoted(hint)
        .. " in " .. CLIENT_HINT_HEADER .. "; known are " .. known_names(client))
    end
  elseif model and not NO_MODEL[model] then
    local route = named_route(model) or route_of_others(model)
    if route then return route end
    if REFUSES_OTHERS then return nil, unknown_model(model) end
  end
  if DEFAULT then return DEFAULT end
  return nil, refusal("400", "no_provider", TEXT_ERRORS and NO_ROUTE or NO_ROUTE
    .. "send " .. CLIENT_HINT_HEADER .. ", or a model, that is one of: " .. known_names(client))
end

-- Adds the period of the limit that concerns this request, slot by slot. As in the filters, a
-- limit on the header's very value goes before the one for any value.
local function add_periods(found, limits, headers)
  for _, limit in ipairs(limits) do
    local value = limit.header and headers:get(limit.header) or nil
    local key = "period_" .. limit.slot
    if limit.header == nil or (value and limit.value == value) then
      found[key] = limit.period
    elseif value and limit.value == nil and found[key] == nil then
      found[key] = limit.period
    end
  end
end

local function is_allowed(origin)
  for _, pattern in ipairs(ORIGINS) do
    if find(origin, pattern) then return true end
  end
  return false
end

-- JSON has to be called so: a web page can send anything else to us without the browser's asking.
-- A form it can send, too, and any body that nobody reads: from a page they are not taken.
local function refused_body(surface, content_type, origin)
  local kind = media_type(content_type)
  if kind == JSON and (surface.json or not surface.form) then return end
  if surface.json and not surface.form or surface.form and kind ~= FORM then
    local found = content_type and "content-type " .. quoted(string.match(content_type, "^[^;]*"))
      .. " is not supported; " or "the body has no content-type; "
    local wanted = surface.json and JSON_WANTED or FORM_WANTED
    return refusal("415", "unsupported_media_type", found .. wanted)
  end
  if origin and not is_allowed(origin) then
    return refusal("403", "foreign_origin", "a web page may send JSON alone, unless its listener's "
      .. "cors allows the origin")
  end
end

-- Whether a stream is asked for, and not what it cost.
local function hides_usage(s, doc)
  local stream, options = last_member(doc, "stream"), last_member(doc, "stream_options")
  if not stream or raw(s, stream) ~= "true" then return false end
  local text = options and raw(s, options) or "{}"
  local read = scan(text)
  local asked = read and last_member(read, "include_usage")
  return not asked or raw(text, asked) ~= "true"
end

-- The body's model, the weight of its texts, and whether it hides the usage; or nil and what is wrong.
local function read_body(body, content_type, path)
  if media_type(content_type) == FORM then
    local span, problem = form_model(body, content_type)
    if problem then
      return nil, refusal("400", "invalid_form", "the body must be a form: found " .. problem)
    end
    return { model = span and sub(body, span.from, span.to - 1), weight = 0 }
  end
  local doc, problem = scan(body)
  if not doc then
    return nil, refusal("400", "invalid_json", "the body must be one JSON object in UTF-8: "
      .. "found " .. problem)
  end
  return {
    model = string_value(body, last_member(doc, "model")),
    weight = doc.weight,
    outline = outline(body, doc, path),
    hides = STREAM_PATHS[path] and hides_usage(body, doc),
  }
end

-- What is to be known of a request, or nil and a refusal. `body` is nil if there is none to read.
local function decide(headers, body)
  local read, reason
  if body then
    read, reason = read_body(body, headers:get("content-type"), plain_path(headers:get(":path")))
    if not read then return nil, reason end
  end
  local model = read and read.model
  local client = headers:get(CLIENT_HEADER)
  local name
  name, reason = choose(headers:get(HINT_HEADER), model, client)
  if not name then return nil, reason end
  if not may_use(client, name) then return nil, not_allowed(client, name) end
  local route = ROUTES[name]
  local found = { path = headers:get(":path"), route = name, model = route.model, client = client }
  if model and named_route(model) == name then
    found.named = model
  elseif model then
    local kind, bare = without_kind(model)
    if KINDS[kind or ""] == name then found.bare = bare end
  end
  if read then
    found.est_tokens = string.format("%d", math.max(1, math.ceil(read.weight / TOKEN)))
    if #route.limits > 0 then found.limited = name end
    if read.hides then found.hides_usage = true end
    found.outline = read.outline
    add_periods(found, route.limits, headers)
  end
  return found
end

-- After an API was called for a prompt no library may send it again by itself: see `again` in
-- extproc/errors.py. What is to be shown of a call says that there was one.
local function called_an_api(handle)
  return handle:streamInfo():dynamicMetadata():get(PROMPT_METADATA) ~= nil
end

local function handle_request(handle)
  local headers = handle:headers()
  -- Only this script may set it: whatever came in so far is a client's.
  headers:remove(PROVIDER_HEADER)
  local surface = surface_of(plain_path(headers:get(":path")))
  -- Not an API call: the routes have their own answer, some by who calls.
  if not surface then return handle:clearRouteCache() end

  local body
  if headers:get(":method") == "POST" then
    local reason = refused_body(surface, headers:get("content-type"), headers:get("origin"))
    if reason then return handle:respond(reason.headers, reason.message) end
    if surface.json or surface.form then
      local buffer = handle:body(true)
      body = buffer:getBytes(0, buffer:length())
      headers = handle:headers()  -- the wait for the body ended the life of the first one
    end
  end
  local found, reason = decide(headers, body)
  mind_memory()
  if not found then return handle:respond(reason.headers, reason.message) end
  found.operation = surface.operation
  local metadata = handle:streamInfo():dynamicMetadata()
  for key, value in pairs(found) do metadata:set(LLM_METADATA, key, value) end
  if found.est_tokens then
    local refused, message = spend(handle, ROUTES[found.route], found.client, tonumber(found.est_tokens))
    if refused then
      metadata:set(LLM_METADATA, "over_budget", true)
      if called_an_api(handle) then refused["x-should-retry"] = "false" end
      return handle:respond(refused, message)
    end
  end

  headers:remove(HINT_HEADER)
  headers:replace(PROVIDER_HEADER, found.route)
  handle:clearRouteCache()
end

-- Envoy lets a request pass as it is when a script fails. It would find no route then, but the
-- client shall be told what happened.
function envoy_on_request(handle)
  local done, problem = pcall(handle_request, handle)
  if not done then
    handle:logErr("choose.lua: " .. tostring(problem))
    local reason = refusal("500", "internal", "internal error")
    handle:respond(reason.headers, reason.message)
  end
end

-- Seconds until a bucket of `limit` tokens, filled evenly over `period`, holds `wanted` of them.
local function seconds_until(wanted, remaining, limit, period)
  local missing = math.min(wanted, limit) - remaining
  return math.max(1, math.ceil(missing * period / limit))
end

-- The first of several values: the limit that refused writes its own before the others do.
local function first_number(headers, name)
  return tonumber(string.match(headers:get(name) or "", "^%d+"))
end

-- A refusal by our token limits gains retry-after: their own x-ratelimit-reset tells only when
-- the next single token comes.
local function add_retry_after(headers, metadata)
  local period = first_number(headers, LIMIT_PERIOD_HEADER)
  if not period then return end
  headers:remove(LIMIT_PERIOD_HEADER)
  local limit = first_number(headers, "x-ratelimit-limit")
  local remaining = first_number(headers, "x-ratelimit-remaining")
  if not (limit and remaining and limit > 0) then
    headers:replace("retry-after", tostring(period))
    return
  end
  local wanted = tonumber(metadata.est_tokens or 1)
  local wait = string.format("%d", seconds_until(wanted, remaining, limit, period))
  headers:replace("x-ratelimit-limit", string.format("%d", limit))
  headers:replace("x-ratelimit-remaining", string.format("%d", remaining))
  headers:replace("x-ratelimit-reset", wait)
  headers:replace("retry-after", wait)
end

-- Whoever counts: this gateway, or one for all.
local function is_refused(headers)
  return headers:get(LIMIT_PERIOD_HEADER) or headers:get(SHARED_LIMIT_HEADER)
    or headers:get(ERROR_CODE_HEADER) == LIMITS_UNAVAILABLE
end

-- Without limits there is nothing to do on the way back, and Envoy is spared the call.
if ANY_LIMIT or SETTLES then
  function envoy_on_response(handle)
    local headers = handle:headers()
    local status = headers:get(":status")
    if not SETTLES and tonumber(status) < 400 then return end
    local known = handle:streamInfo():dynamicMetadata():get(LLM_METADATA) or {}
    local never_again = is_refused(headers) and called_an_api(handle)
    if status == "429" then add_retry_after(headers, known) end
    if never_again then headers:replace("x-should-retry", "false") end
    settle(handle, ROUTES[known.route], known)
  end
end
