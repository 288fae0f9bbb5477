-- given: {now}. Puts back what is held no longer, and moves on what is due: where nobody claims, others may wait for it.
local back = 0
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
  local ids = redis.call('ZRANGEBYSCORE', P .. 'claimed:' .. queue, '-inf', text(given[1]), 'LIMIT', 0, 1000)
  back = back + put_back(ids, 0)
  waiting.promote(queue, given[1])
end
return back
