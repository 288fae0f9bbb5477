-- Ends the pause of a queue. given: {queue}. Returns 0 where there was none.
local queue = given[1]
check_queues({ [queue] = true })
local was_paused = redis.call('HDEL', P .. 'paused', queue)
if was_paused == 1 and waiting.any(queue) then
  wake(queue, WAKES)
end
return was_paused
