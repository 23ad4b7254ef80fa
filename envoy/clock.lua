-- A clock that nobody sets, for what has passed and what is to come: the one that handles tell is the
-- date's, which may be put right by an hour at any time.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds, nanoseconds; } archgw_time;
  int clock_gettime(int clock, archgw_time *found);
]]
local MONOTONIC = ffi.os == "Linux" and 1 or 6
local found_time = ffi.new("archgw_time")

local function milliseconds()
  ffi.C.clock_gettime(MONOTONIC, found_time)
  return tonumber(found_time.seconds) * 1000 + math.floor(tonumber(found_time.nanoseconds) / 1e6)
end
