-- Upstream filter of the error target: an LLM call that nobody could answer is told to it.
--
-- It is the last group of a route's failover chain, so it is asked only when every provider has
-- failed. It gets the conversation as the LLM would have got it.
--
-- Before this file come headers.lua and PATH, where the error target listens.

function envoy_on_request(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  -- A provider that could not be reached, or hung up, left no status.
  local failed = (metadata:get(LLM_METADATA) or {}).failed_status or "503"
  -- For answer.lua: whatever fails from here on, this is what the client is to be told.
  metadata:set(LLM_METADATA, "told_status", failed)
  -- The headers are the last attempt's, the body is the first one's: its length is said anew.
  local length = handle:body(true):length()
  local headers = handle:headers()
  keep_what_goes_on(headers)
  headers:replace("content-length", tostring(length))
  headers:replace(":path", PATH)
  headers:replace(FUNCTION_ERROR_HEADER, failed)
  headers:replace(ERROR_TYPE_HEADER, "llm_unavailable")
  headers:replace(ERROR_MESSAGE_HEADER, "the LLM provider failed with status " .. failed)
  headers:replace(ERROR_TIME_HEADER, os.date("!%Y-%m-%dT%H:%M:%SZ"))
end
