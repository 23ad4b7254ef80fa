-- Who calls, where a token or a certificate tells it. Keys are looked up by the filter behind this
-- one, which lets pass whom this one has named and nobody else it does not know: so a failure here,
-- whatever it is, opens nothing.
--
-- Before this file come
--   TOKENS  whether a token names its client
--   SANS    name of a certificate → true, for those that may call

local CREDENTIALS = { "authorization", "x-api-key" }

-- What a token says may be anybody's words; this goes through headers, limits and logs.
local function by_token(handle, name)
  if not name or not TOKENS then return end
  if #name <= 128 and string.find(name, "^%w[%w._:@/|-]*$") then
    handle:headers():replace(ISSUED_HEADER, ISSUED_CLIENTS)
    return name
  end
  handle:streamInfo():dynamicMetadata():set(JWT_METADATA, JWT_REFUSED, {
    message = "what it calls its client is no name",
  })
end

local function known(sans)
  for _, san in ipairs(sans or {}) do
    if SANS[san] then return san end
  end
end

-- A handshake succeeds with any certificate; which ones hold is told afterwards.
local function by_certificate(handle)
  if not next(SANS) then return end
  local tls = handle:streamInfo():downstreamSslConnection()
  if not tls or not tls:peerCertificateValidated() then return end
  return known(tls:uriSanPeerCertificate()) or known(tls:dnsSansPeerCertificate())
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local client = by_token(handle, headers:get(JWT_CLIENT_HEADER)) or by_certificate(handle)
  headers:remove(JWT_CLIENT_HEADER)
  if not client then return end
  for _, name in ipairs(CREDENTIALS) do headers:remove(name) end
  headers:replace(CLIENT_HEADER, client)
end
