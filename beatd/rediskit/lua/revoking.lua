-- Ending a message that is not to be run: at once where nobody has begun it, else by a mark in `revoked`, id -> 1: not to
-- be run again, or 2: its process is to be ended besides.

local function check_revoking(id)
  redis.call('HLEN', P .. 'held')
  local value = redis.call('HGET', P .. 'messages', id)
  if value then
    check_queues({ [meta_of(value)[2]] = true })
  end
end

-- The message, and how it was taken, if it was; nil where it is gone or dead.
local function revocable(id)
  local value, delivery = redis.call('HGET', P .. 'messages', id), redis.call('HGET', P .. 'taken', id)
  local state = delivery and string.sub(delivery, 1, 1)
  if value and state ~= 'x' then
    return value, state
  end
end

local function mark_revoked(id, mark)
  if tonumber(redis.call('HGET', P .. 'revoked', id) or '0') < mark then
    redis.call('HSET', P .. 'revoked', id, mark)
  end
end

local function end_unstarted(id, value, reason, now)
  local fields = meta_of(value)
  waiting.drop(fields[2], id)
  redis.call('ZREM', P .. 'delayed:' .. fields[2], id)
  redis.call('HDEL', P .. 'held', id)
  forget_message(id)
  not_run(id, fields[1], 'REVOKED', reason, 'null,null', now)
end
