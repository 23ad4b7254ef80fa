-- Upstream filter of one provider: the headers, body, path and length that it is to see.
--
-- In the body's object: its own model; and where the gateway's own state may stand, in v0.1's calls,
-- no `metadata`, no `model` inside a message, and the usage asked for when a stream did not say. Of a
-- form the field `model` alone. Every other byte goes through as it came; a body that has no model to
-- read, such as a file, without being held.
-- Two spellings of one key must not make two readers see two values, so `model` and `metadata`
-- are known by what they say, not by how they are escaped, and in any letter case (Go reads
-- "Model" as "model"); all of them go, and `model` is written once. Where a value has to be
-- read, the last one given holds, as in most parsers.
--
-- Attempts at other providers share one set of headers with this one, so the path that the
-- client gave is kept in the stream's metadata and every attempt starts from it. The body needs
-- no such care: each attempt gets the original.
--
-- Before this file come json.lua, bodies.lua, headers.lua and the constants of the provider:
--   MODEL  its model, or nil to leave the client's
--   ROUTE  its name as clients say it
--   PATHS  path at the gateway → path at the provider, for all below it, too; "" if it has none
--   QUERY  behind each of them

local ASK_USAGE = '"stream_options":{"include_usage":true}'

local MODEL_VALUE = MODEL and json_string(MODEL)

-- The members of that name in any letter case.
local function members_like(members, name)
  local found = {}
  for _, member in ipairs(members) do
    if lower(member.name) == name then found[#found + 1] = member end
  end
  return found
end

-- Whether the provider's own model is written where the client says `named`, or nothing.
-- Conversations go to the provider's model. Others have models of their own: one that the client
-- names stays, unless it only chose the provider; if none is named, only some have to name one.
local function writes_model(path, named, chosen)
  local whose = surface_of(path).model
  if not MODEL or whose == "provider's" then return MODEL ~= nil end
  if named == nil then return whose == "written" end
  return named == ROUTE or named == chosen.named or named == chosen.route or named == chosen.model
end

-- The raw value to write as `model`, or nil if nothing is to be written. Marks in `chosen` that it is
-- the provider's own.
local function model_value(s, doc, models, path, chosen)
  local last = last_member(doc, "model")
  if writes_model(path, string_value(s, last), chosen) then
    chosen.own = true
    return MODEL_VALUE
  end
  if chosen.bare and last then return json_string(chosen.bare) end
  if last and (#models > 1 or not last.plain) then return raw(s, last) end
end

-- Adds the cuts that take `removed` out of their object; how many members stay. What stands
-- before the first one that stays goes with the comma after it, the others with the one before.
local function cut(edits, members, removed)
  local kept = 0
  for index, member in ipairs(members) do
    if not removed[member] then
      kept = kept + 1
    elseif kept > 0 then
      edits[#edits + 1] = { from = member.from - 1, to = member.to, text = "" }
    else
      local comma = index < #members and 1 or 0
      edits[#edits + 1] = { from = member.from, to = member.to + comma, text = "" }
    end
  end
  return kept
end

local function mark(removed, members, first)
  for index = first, #members do removed[members[index]] = true end
end

-- The edits to the members of the body, and what to write before and after all of them.
local function member_edits(s, doc, path, chosen)
  local edits, removed, front, back = {}, {}, "", ""
  if STATE_PATHS[path] then mark(removed, members_like(doc.members, "metadata"), 1) end
  local asks = doc.asks
  if asks then
    for _, member in ipairs(doc.members) do
      if member.name == "stream_options" then removed[member] = true end
    end
  end
  local models = members_like(doc.members, "model")
  local value = model_value(s, doc, models, path, chosen)
  if value then
    mark(removed, models, 2)
  elseif last_member(doc, "model") == nil then
    mark(removed, models, 1)
  end
  local kept = cut(edits, doc.members, removed)
  if value and models[1] then
    local first = models[1]
    edits[#edits + 1] = { from = first.key_from, to = first.value_to, text = '"model":' .. value }
  elseif value then
    front = '"model":' .. value .. (kept > 0 and "," or "")
    kept = kept + 1
  end
  if asks then back = (kept > 0 and "," or "") .. ASK_USAGE end
  return edits, front, back
end

-- The body with its edits, which do not overlap.
local function applied(s, doc, edits, front, back)
  table.sort(edits, function(a, b) return a.from < b.from end)
  local parts, at = { sub(s, 1, doc.from), front }, doc.from + 1
  for _, edit in ipairs(edits) do
    parts[#parts + 1] = sub(s, at, edit.from - 1)
    parts[#parts + 1] = edit.text
    at = edit.to
  end
  parts[#parts + 1] = sub(s, at, doc.to - 2)
  parts[#parts + 1] = back
  parts[#parts + 1] = sub(s, doc.to - 1)
  return concat(parts)
end

-- The body as the provider is to see it, or nil and what is wrong with it.
-- `chosen` is the stream's metadata: a name or model that chose the route is not for providers. What
-- choose.lua has seen of the body is not looked for again.
local function rewritten(s, path, chosen)
  local doc, problem = outlined(s, chosen.outline)
  if not doc then
    doc, problem = scan(s)
    if not doc then return nil, problem end
    doc.asks = asks_usage(s, doc, path)
  end
  local edits, front, back = member_edits(s, doc, path, chosen)
  for _, element in ipairs(STATE_PATHS[path] and doc.elements or {}) do
    local models = members_like(element, "model")
    if models[1] then
      local removed = {}
      mark(removed, models, 1)
      cut(edits, element, removed)
    end
  end
  return applied(s, doc, edits, front, back)
end

-- The same of a form.
local function rewritten_form(body, content_type, path, chosen)
  local span, problem = form_model(body, content_type)
  if not span then return not problem and body or nil, problem end
  local written = chosen.bare
  if writes_model(path, sub(body, span.from, span.to - 1), chosen) then
    chosen.own = true
    written = MODEL
  end
  if not written then return body end
  return sub(body, 1, span.from - 1) .. written .. sub(body, span.to)
end

-- The path that a client gave, without its query, which may hold a key and is for us alone; and
-- what that path is at the provider, or nil.
local function provider_target(target)
  local path = plain_path(target)
  local base = path
  while base ~= "" and not PATHS[base] do base = string.match(base, "^(.*)/") or "" end
  local own = PATHS[base] or ""
  return path, own ~= "" and own .. sub(path, #base + 1) .. QUERY or nil
end

local function refuse(handle, status, code, message)
  handle:respond({
    [":status"] = status,
    ["content-type"] = "text/plain; charset=utf-8",
    [ERROR_CODE_HEADER] = code,
    [ERROR_TYPE_HEADER] = status == "500" and "server_error" or "invalid_request_error",
  }, message)
end

-- The body as the provider is to see it, whatever it is, or nil and why not.
local function provider_body(body, headers, path, chosen)
  local content_type = headers:get("content-type")
  if media_type(content_type) == FORM then
    local form, problem = rewritten_form(body, content_type, path, chosen)
    return form, { code = "invalid_form", message = "the body must be a form: found " .. tostring(problem) }
  end
  local object, problem = rewritten(body, path, chosen)
  return object, { code = "invalid_json", message = "the body must be one JSON object in UTF-8: "
    .. "found " .. tostring(problem) }
end

local function handle_request(handle)
  local headers = handle:headers()
  keep_what_goes_on(headers)
  local metadata = handle:streamInfo():dynamicMetadata()
  local chosen = metadata:get(LLM_METADATA) or {}
  local given = chosen.path
  if given == nil then
    given = headers:get(":path")
    metadata:set(LLM_METADATA, "path", given)
  end
  local path, target = provider_target(given)
  if target == nil then
    return refuse(handle, "404", "not_found", "provider " .. ROUTE .. " does not offer " .. path)
  end

  local surface = surface_of(path)
  if surface.json or surface.form then
    local buffer = handle:body(true)
    headers = handle:headers()  -- the wait for the body ended the life of the first one
    local length = buffer:length()
    if length > 0 then
      local body, reason = provider_body(buffer:getBytes(0, length), headers, path, chosen)
      mind_memory()
      if not body then return refuse(handle, "400", reason.code, reason.message) end
      buffer:setBytes(body)
      headers:remove("transfer-encoding")
      headers:replace("content-length", tostring(#body))
    end
  end
  -- For the metrics. What a client calls its model is not for them: there would be no end of it.
  local asked = chosen.own and MODEL or OTHER_MODEL
  handle:streamInfo():dynamicMetadata():set(LLM_METADATA, "asked", asked)
  headers:replace(":path", target)
end

-- Envoy lets a request pass as it is when a script fails, with the client's model and metadata.
-- So nothing may fail: whatever goes wrong is an answer.
function envoy_on_request(handle)
  local done, problem = pcall(handle_request, handle)
  if not done then
    handle:logErr("rewrite.lua: " .. tostring(problem))
    refuse(handle, "500", "internal", "internal error")
  end
end
