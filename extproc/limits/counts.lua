-- Run by Redis: looks at some limits and charges them, all in one step.
--
-- KEYS  one for each limit; ARGV[1] is "take" or "settle", then for each limit what it is charged and its
-- period, in microseconds.
--
-- "take" charges all or, if one of them does not hold it, none. "settle" charges them whatever they hold,
-- and what is negative is given back. The answer is 1 if they were charged, else 0, and then of each limit
-- the microseconds until all that was spent before has come in again.

local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local answer = { 1 }

for index, key in ipairs(KEYS) do
  local cost, period = tonumber(ARGV[2 * index]), tonumber(ARGV[2 * index + 1])
  local owed = math.max(0, (tonumber(redis.call("GET", key)) or 0) - now)
  answer[index + 1] = owed
  if ARGV[1] == "take" and owed + cost > period then answer[1] = 0 end
end

if answer[1] == 1 then
  for index, key in ipairs(KEYS) do
    local owed = answer[index + 1] + tonumber(ARGV[2 * index])
    if owed <= 0 then
      redis.call("DEL", key)
    else
      redis.call("SET", key, string.format("%.0f", now + owed), "PX", math.ceil(owed / 1000))
    end
  end
end
return answer
