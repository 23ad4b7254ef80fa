-- Filter behind Envoy's cors filter, which knows no routes but those to a cluster: what comes from a
-- web page meets that filter on a route of its own, and goes on from here to the one that it is for.

function envoy_on_request(handle)
  handle:headers():replace(PAGE_HEADER, "1")
  handle:clearRouteCache()
end
