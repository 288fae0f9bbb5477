-- A graceful stop: everything is given back. given: {now, holder}
local now, holder = given[1], given[2]
check_state()
local leases = redis.call('HGETALL', P .. 'leases')
for index = 1, #leases, 2 do
  if string.match(leases[index + 1], '^%d+ (.*)$') == holder then
    redis.call('HDEL', P .. 'leases', leases[index])
  end
end
redis.call('ZREM', P .. 'live', holder)
if redis.call('EXISTS', P .. 'scheduler:' .. holder) == 1 then
  redis.call('HSET', P .. 'scheduler:' .. holder, 'stopped', '1', 'expires_at', text(now), 'seen_at', text(now))
  redis.call('ZADD', P .. 'schedulers', text(now), holder)
end
return 1
