-- Sends one message into beatd's own layout, for callers who wait: what `send` does of it, in as few commands as can be.
-- ARGV: id, value, queue, place, and of a message that is to be put off: due, now. Returns how many were sent.
local P, call = KEYS[1], redis.call
local id, value, queue, place, due, now = unpack(ARGV)
local messages, queues, wake = P .. 'messages', P .. 'queues', P .. 'wake:' .. queue

if call('HEXISTS', messages, id) + call('HEXISTS', P .. 'results', id) + call('HEXISTS', P .. 'fires', id) > 0 then
  return 0
end
local is_known, calls = call('SISMEMBER', queues, queue), call('LLEN', wake)
-- What is written to has been read, but for these two, that come first: a number of `seq` may stay without a message.
local delayed = due and tonumber(due) > tonumber(now)
if delayed then
  call('ZADD', P .. 'delayed:' .. queue, due, id)
else
  call('ZADD', P .. 'ready:' .. queue, (9 - place) * 1e14 + call('INCR', P .. 'seq'), id)
end
call('HSET', messages, id, value)
if is_known == 0 then
  call('SADD', queues, queue)
end
if not delayed and calls < 8 then
  call('LPUSH', wake, '1')
end
return 1
