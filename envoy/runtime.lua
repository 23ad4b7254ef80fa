-- How Lua runs inside of Envoy: many short scripts, each of them mostly calls of Envoy's own functions.
--
-- LuaJIT joins what it compiles on both sides of such a call, and leaves it again at the next one:
-- without that it is faster here, and what has no calls in it, like the scanner, is compiled as ever.
-- Its collector goes through all that is in use whenever that has doubled. What is in use here is
-- hardly more than the code, so it would do that every few dozen requests, and may wait longer.

jit.opt.start("minstitch=1000")

local SMALL, PATIENT, EAGER = 4096, 500, 200  -- kilobytes in use; growth in per cent

collectgarbage("setpause", PATIENT)

-- Where bodies are large the collector begins as early as it does by itself, from then on.
local function mind_memory()
  if collectgarbage("count") > SMALL then collectgarbage("setpause", EAGER) end
end
