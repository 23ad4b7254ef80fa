-- The listener's own code, in place until a route config brings the table of providers.
-- Without that table no provider can be chosen, so nothing may pass.

function envoy_on_request(handle)
  handle:respond({
    [":status"] = "503",
    [ERROR_CODE_HEADER] = "unavailable",
    [ERROR_TYPE_HEADER] = "server_error",
  }, "the gateway has no providers yet")
end
