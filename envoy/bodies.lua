-- What a path takes, and where the model stands in a form.
--
-- Before this file come json.lua and SURFACES, of controlplane/surfaces.py:
--   path → { json = whether it takes JSON, form = whether a form, model = whose model is asked for,
--            operation = what is done there }
-- A path with a slash at its end stands for those below it.

-- Streams whose usage comes only if it is asked for.
local STREAM_PATHS = { [CHAT_PATH] = true, [COMPLETIONS_PATH] = true }
local JSON, FORM = "application/json", "multipart/form-data"

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
