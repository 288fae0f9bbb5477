-- given: {now, id}. Returns 0 for a message that is not known, or dead.
local now, id = given[1], given[2]
check_results()
local value, delivery = redis.call('HGET', P .. 'messages', id), redis.call('HGET', P .. 'taken', id)
local state = delivery and taken_of(delivery)
if not value or state == 'x' then
  return 0
end
if state == 'c' then
  redis.call('SADD', P .. 'revoked', id)
  return 1
end
local fields = meta_of(value)
check_queues({ [fields[2]] = true })
redis.call('ZREM', P .. 'ready:' .. fields[2], id)
redis.call('ZREM', P .. 'delayed:' .. fields[2], id)
forget_message(id)
not_run(id, fields[1], 'REVOKED', 'revoked', 'null,null', now)
return 1
