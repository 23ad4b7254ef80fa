-- Upstream, after rewrite.lua, where there is an error target: remembers the status of the first
-- provider that failed, so that the error target and, if that fails as well, the client can be told of it.

function envoy_on_response(handle)
  local status = handle:headers():get(":status")
  -- The answers on which the route tries the next provider.
  if status ~= "429" and tonumber(status) < 500 then return end
  local metadata = handle:streamInfo():dynamicMetadata()
  if (metadata:get(LLM_METADATA) or {}).failed_status then return end
  metadata:set(LLM_METADATA, "failed_status", status)
end
