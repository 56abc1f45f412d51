-- Takes hits from the quotas of a day and a month.
-- KEYS: what was used, by window. ARGV: hits, the quotas (-1: none), what was counted before ('' where the server has
-- not looked), seconds to live.
-- Answers {1 taken | 0 over | -1 nobody has looked in this window, used of the day, used of the month}.
local day, month, since = unpack(redis.call('HMGET', KEYS[1], 'day', 'month', 'since'))
if not day then
  if ARGV[4] == '' then
    return { -1, 0, 0 }
  end
  day, month, since = ARGV[4], ARGV[5], 0
  redis.call('HSET', KEYS[1], 'day', day, 'month', month, 'since', since)
  redis.call('EXPIRE', KEYS[1], ARGV[6])
end
day, month = day + since, month + since
local function over(quota, used)
  return tonumber(quota) >= 0 and used + ARGV[1] > tonumber(quota)
end
if over(ARGV[2], day) or over(ARGV[3], month) then
  return { 0, day, month }
end
redis.call('HINCRBY', KEYS[1], 'since', ARGV[1])
return { 1, day, month }
