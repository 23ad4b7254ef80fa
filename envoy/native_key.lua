-- Upstream filter of a provider that has Anthropic's API, behind the one that adds its key.
--
-- Its chat completions take the key as OpenAI's do, and so it comes here. All else is its own API:
-- there the key has a header of its own, and each call says which version of the API it is for.

function envoy_on_request(handle)
  local path = (handle:streamInfo():dynamicMetadata():get(LLM_METADATA) or {}).path or ""
  if string.match(path, "^[^?]*") == CHAT_PATH then return end
  local headers = handle:headers()
  local key = string.match(headers:get("authorization") or "", "^Bearer (.*)")
  if key then headers:replace("x-api-key", key) end
  headers:remove("authorization")
  if not headers:get("anthropic-version") then headers:add("anthropic-version", ANTHROPIC_VERSION) end
end
