-- What a path takes, and where the model stands in a form.
--
-- Before this file come json.lua and SURFACES, of controlplane/surfaces.py:
--   path → { json = whether it takes JSON, form = whether a form, model = whose model is asked for,
--            operation = what is done there }
-- A path with a slash at its end stands for those below it.

-- Streams whose usage comes only if it is asked for.
local STREAM_PATHS = { [CHAT_PATH] = true, [COMPLETIONS_PATH] = true }
local JSON, FORM = "application/json", "multipart/form-data"

-- Where the gateway's own state may stand in a body: v0.1's calls.
local STATE_PATHS = { [CHAT_PATH] = true, [COMPLETIONS_PATH] = true, [EMBEDDINGS_PATH] = true }

local function plain_path(target)
  return string.match(target, "^[^?]*")
end

local function surface_of(path)
  return SURFACES[path] or SURFACES[string.match(path, "^/v1/[^/]+/") or ""]
end

-- What a body is by its content type, without parameters.
local function media_type(content_type)
  return lower(string.match(content_type or "", "^%s*([^;%s]*)"))
end

-- A parameter of a header's value, in quotes or without.
local function parameter(value, name)
  local _, to = find(lower(value), "[;%s]" .. name .. "=")
  if not to then return end
  local rest = sub(value, to + 1)
  return string.match(rest, '^"([^"]*)"') or string.match(rest, '^[^;%s"]+')
end

-- The next boundary from `at` on; what only begins like it is none.
local function next_mark(body, mark, at)
  while true do
    local from, to = find(body, mark, at, true)
    if not from or find(body, "^[\r \t]", to + 1) or sub(body, to + 1, to + 2) == "--" then
      return from, to
    end
    at = to
  end
end

-- The name of the field that a part with this head is.
local function field_name(head)
  local _, from = find(lower(head), "\r\ncontent-disposition:", 1, true)
  return from and parameter(string.match(head, "[^\r\n]*", from + 1), "name")
end

-- The span of the one field `model` of a form, or nil; and what is wrong with the form, if anything.
-- Only heads of parts are looked at, so a form is read at the speed of a search.
local function form_model(body, content_type)
  local boundary = parameter(content_type, "boundary")
  if not boundary then return nil, "no boundary in the content-type" end
  local mark = "--" .. boundary
  local from, to = next_mark(body, mark, 1)
  if from ~= 1 then return nil, "no boundary at its beginning" end
  mark = "\r\n" .. mark
  local found
  while sub(body, to + 1, to + 2) ~= "--" do
    local _, head_end = find(body, "\r\n\r\n", to + 1, true)
    local head = head_end and sub(body, to + 1, head_end)
    if not head or find(head, mark, 1, true) then return nil, "a part without a head" end
    from, to = next_mark(body, mark, head_end + 1)
    if not from then return nil, "a part without an end" end
    if field_name(head) == "model" then
      if found then return nil, "two fields that are called model" end
      found = { from = head_end + 1, to = from }
    end
  end
  return found
end

-- Whether a stream's usage has to be asked for.
local function asks_usage(s, doc, path)
  local stream, options = last_member(doc, "stream"), last_member(doc, "stream_options")
  return STREAM_PATHS[path] and stream and raw(s, stream) == "true"
    and (options == nil or raw(s, options) == "null")
end

-- How many members have that name, in any letter case.
local function count_like(members, name)
  local count = 0
  for _, member in ipairs(members) do
    if lower(member.name) == name then count = count + 1 end
  end
  return count
end

-- Of a body in which a provider may want nothing changed but the one model, and the usage asked for:
-- where these stand, as text, for rewrite.lua, which has a Lua of its own. Of any other body nil.
local function outline(s, doc, path)
  local model = last_member(doc, "model")
  if not model or not model.plain or count_like(doc.members, "model") > 1 then return end
  if STATE_PATHS[path] then
    if count_like(doc.members, "metadata") > 0 then return end
    for _, element in ipairs(doc.elements) do
      if count_like(element, "model") > 0 then return end
    end
  end
  local asks = asks_usage(s, doc, path)
  if asks and last_member(doc, "stream_options") then return end
  return string.format("%d %d %d %d %d %d%s", #s, doc.from, doc.to,
    model.key_from, model.value_from, model.value_to, asks and " asks" or "")
end

-- The same as a scan would have it, all else left out; nil if it is not of this body.
local function outlined(s, text)
  local size, from, to, key_from, value_from, value_to, asks =
    string.match(text or "", "^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)(.*)$")
  if tonumber(size) ~= #s then return end
  local model = {
    name = "model", plain = true,
    key_from = tonumber(key_from), value_from = tonumber(value_from), value_to = tonumber(value_to),
  }
  return {
    from = tonumber(from), to = tonumber(to), members = { model }, elements = {}, asks = asks ~= "",
  }
end
