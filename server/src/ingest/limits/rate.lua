-- Takes hits from a bucket, by the generic cell rate algorithm and Redis's own time: servers' clocks differ.
-- KEYS: the bucket, which holds when it is full again, in microseconds. ARGV: hits a second, burst, hits.
-- Answers 0, or in how many microseconds there is room.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each = 1000000 / ARGV[1]
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + ARGV[3] * each
local early = full - ARGV[2] * each - now
if early > 0 then
  return math.ceil(early)
end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil((full - now) / 1000) + 1000)
return 0
