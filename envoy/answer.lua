-- Listener filter of the prompt listener: what stands before the LLM's own answer.
--
-- When an API was called for a prompt, clients want to see the call and what it returned before
-- the LLM's words. What to show was made while the request was decided and waits in the stream's
-- metadata, so nothing but Envoy touches an answer, and a stream passes as it comes:
--   SSE_PREFIX_KEY   whole events that go before the first one of the LLM
--   JSON_PREFIX_KEY  members, each with its comma, that go after the `{` of the LLM's object
--
-- When the LLM failed and the error target could not help either, the client gets the LLM's
-- failure, not the error target's.

local function insert_first(handle, edit)
  handle:headers():remove("content-length")
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > 0 then
      chunk:setBytes(edit(chunk:getBytes(0, length)))
      return
    end
  end
end

local function restore_failure(handle, status)
  handle:headers():replace(":status", status)
  handle:headers():replace("content-type", "application/json")
  handle:headers():replace(ERROR_CODE_HEADER, "llm_unavailable")
  local body = '{"error":{"message":"the LLM provider failed with status ' .. status
    .. ', and so did the error target","type":"server_error","code":"llm_unavailable","param":null}}'
  handle:body(true):setBytes(body)
  handle:headers():replace("content-length", tostring(#body))
end

function envoy_on_response(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  local headers = handle:headers()
  local status = headers:get(":status")
  local failed = (metadata:get(LLM_METADATA) or {}).told_status
  if failed and tonumber(status) >= 400 then return restore_failure(handle, failed) end

  local prompt = metadata:get(PROMPT_METADATA)
  if not prompt or status ~= "200" then return end
  local kind = headers:get("content-type") or ""
  local events, members = prompt[SSE_PREFIX_KEY], prompt[JSON_PREFIX_KEY]
  if events and string.find(kind, "text/event-stream", 1, true) then
    insert_first(handle, function(bytes) return events .. bytes end)
  elseif members and string.find(kind, "application/json", 1, true) then
    insert_first(handle, function(bytes)
      return (string.gsub(bytes, "^%s*{", function(brace) return brace .. members end))
    end)
  end
end
