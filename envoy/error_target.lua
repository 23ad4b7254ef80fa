-- Upstream filter of the error target: an LLM call that nobody could answer is told to it.
--
-- It is the last group of a route's failover chain, so it is asked only when every provider has
-- failed. It gets the conversation as the LLM would have got it. What it says is the client's answer,
-- in the form that the client asked for: a completion is repeated, anything else is what an assistant
-- says. extproc does the same with errors that end before the LLM.
--
-- Before this file come json.lua, headers.lua and PATH, where the error target listens.

local NO_TOKENS = '"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'

-- The object at the beginning of a list, or nil.
local function first_object(s, member)
  local from = member and byte(s, member.value_from) == 91 and skip_space(s, member.value_from + 1)
  if from and byte(s, from) == 123 then return sub(s, from, value_end(s, from, 1) - 1) end
end

-- What a chat completion says, and its model; nil for anything else.
local function said(s)
  local doc = scan(s)
  local choice = doc and first_object(s, last_member(doc, "choices"))
  local inner = choice and last_member(scan(choice), "message")
  local message = inner and raw(choice, inner)
  local read = message and scan(message)
  local text = read and string_value(message, last_member(read, "content"))
  if text then return text, string_value(s, last_member(doc, "model")) end
end

local function object(kind, id, model)
  return '{"id":' .. json_string("chatcmpl-" .. id) .. ',"object":"' .. kind .. '","created":'
    .. os.time() .. ',"model":' .. json_string(model) .. ","
end

local function event(head, delta, finish)
  return "data: " .. head .. '"choices":[{"index":0,"delta":' .. delta .. ',"finish_reason":'
    .. finish .. "}]}\n\n"
end

-- The body of an answer with that text, and its type; nil if the text is not UTF-8.
local function spoken(text, model, id, streams)
  local content = json_string(text)
  if not pcall(string_end, content, 1) then return end
  local message = '{"role":"assistant","content":' .. content .. "}"
  if streams then
    local head = object("chat.completion.chunk", id, model)
    return event(head, message, "null") .. event(head, "{}", '"stop"') .. "data: [DONE]\n\n",
      "text/event-stream"
  end
  return object("chat.completion", id, model) .. '"choices":[{"index":0,"message":' .. message
    .. ',"finish_reason":"stop"}],' .. NO_TOKENS .. "}", "application/json"
end

-- Whether the client wants a stream. The body has been read by choose.lua.
local function wants_stream(s)
  local doc = scan(s)
  local member = doc and last_member(doc, "stream")
  return member ~= nil and raw(s, member) == "true"
end

function envoy_on_request(handle)
  -- First the body: what Envoy hands out before the wait for it is dead after it.
  local buffer = handle:body(true)
  local length = buffer:length()
  local headers, metadata = handle:headers(), handle:streamInfo():dynamicMetadata()
  -- A provider that could not be reached, or hung up, left no status.
  local failed = (metadata:get(LLM_METADATA) or {}).failed_status or "503"
  -- For answer.lua: whatever fails from here on, this is what the client is to be told.
  metadata:set(LLM_METADATA, "told_status", failed)
  metadata:set(LLM_METADATA, "request_id", headers:get("x-request-id") or "")
  metadata:set(LLM_METADATA, "streams", wants_stream(buffer:getBytes(0, length)))
  keep_what_goes_on(headers)
  -- The headers are the last attempt's, the body is the first one's: its length is said anew.
  headers:replace("content-length", tostring(length))
  headers:replace(":path", PATH)
  headers:replace(FUNCTION_ERROR_HEADER, failed)
  headers:replace(ERROR_TYPE_HEADER, "llm_unavailable")
  headers:replace(ERROR_MESSAGE_HEADER, "the LLM provider failed with status " .. failed)
  headers:replace(ERROR_TIME_HEADER, os.date("!%Y-%m-%dT%H:%M:%SZ"))
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local kind = headers:get("content-type") or ""
  -- A stream is passed as it comes; what fails, answer.lua speaks of.
  if not find(headers:get(":status"), "^2") or find(kind, "text/event-stream", 1, true) then return end
  local buffer = handle:body(true)
  local body = buffer:getBytes(0, buffer:length())
  local known = handle:streamInfo():dynamicMetadata():get(LLM_METADATA)
  local text, model = said(body)
  kind = "application/json"
  if not text or known.streams then
    body, kind = spoken(text or body, model or FUNCTION_MODEL, known.request_id, known.streams)
  end
  headers = handle:headers()  -- the wait for the body ended the life of the first one
  if not body then return headers:replace(":status", "502") end
  buffer:setBytes(body)
  headers:replace(":status", "200")
  headers:replace("content-type", kind)
  headers:replace("content-length", tostring(#body))
  headers:replace(FUNCTION_ERROR_HEADER, known.told_status)
end
