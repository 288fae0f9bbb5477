-- given: {now}
local back = 0
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
  local ids = redis.call('ZRANGEBYSCORE', P .. 'claimed:' .. queue, '-inf', text(given[1]), 'LIMIT', 0, 1000)
  back = back + put_back(ids, 0)
end
return back
