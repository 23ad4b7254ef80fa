-- Which headers of a client go on to a provider, or to the error target: these and no others.
--
-- They say what is asked for and how, and let a request be followed. Who asks, from where and
-- with which credentials is between the client and the gateway.

local GO_ON = {}
for _, name in ipairs({
  ":authority", ":method", ":path", ":scheme", ":protocol",
  "accept", "content-type", "content-length", "transfer-encoding", "user-agent",
  "x-request-id", "traceparent", "tracestate", "cdn-loop",
  "openai-beta", "anthropic-version", "anthropic-beta",
}) do GO_ON[name] = true end

local function keep_what_goes_on(headers)
  local others = {}
  for name in pairs(headers) do
    if not GO_ON[name] then others[#others + 1] = name end
  end
  for _, name in ipairs(others) do headers:remove(name) end
end
