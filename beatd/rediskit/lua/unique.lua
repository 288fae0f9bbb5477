-- Sends a message unless another one holds its key. given: {now, messages (one), key, until}. Returns the id of the message
-- that holds the key now. `unique` key -> id; `unique:until` keys by when they are free at the latest. A key is free,
-- too, once its message is finished: that is looked up here, so that no end of a message has to tell of it.
local now, sent, key, lasts_until = unpack(given, 1, 4)
local FORGOTTEN = 8
local holders, ends = P .. 'unique', P .. 'unique:until'
local id, new = sent[1][1], unknown(sent, true)
check_queues(set_of(sent[2]))
redis.call('HLEN', holders)
if #new[1] == 0 then
  return id -- the answer to the first request was lost
end
local holder, ends_at = redis.call('HGET', holders, key), tonumber(redis.call('ZSCORE', ends, key) or '0')
if holder and ends_at > now and unfinished({ holder })[holder] then
  return holder
end
local old = redis.call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, FORGOTTEN)
write('HDEL', holders, old)
write('ZREM', ends, old)
redis.call('HSET', holders, key, id)
redis.call('ZADD', ends, text(lasts_until), key)
insert(new, now)
waiting.sent(new[1])
return id
