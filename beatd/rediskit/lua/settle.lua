-- given: {now, id, queue, owner, attempt, verdict, outcome | false, finished, due, packed | false, reason | false,
-- follow-ups, expired before | false, elsewhere | false, told}. `elsewhere`: {key, value, milliseconds}, the outcome where
-- other programs look for it. Returns 1, or 0 where the delivery is no longer this owner's, or the record that is to be
-- judged first.
local now, id, queue, owner, attempt, verdict = unpack(given, 1, 6)
local outcome, finished, due, packed, reason, follow_ups = unpack(given, 7, 12)

check_results()
local queues = set_of(follow_ups[2])
queues[queue] = true
check_queues(queues)
redis.call('ZCARD', P .. 'owner:' .. owner)

local held, score, forgiven = held_by(owner, attempt, redis.call('HGET', P .. 'taken', id))
local vain = not held and answer_of_vain(id, owner, outcome)
if vain then
  return vain
end

local told = given[15]
local record = unjudged(told)
if record then
  return record
end
check_told(told)
local sent = unknown(follow_ups, true)

if held then
  redis.call('ZREM', P .. 'claimed:' .. queue, id)
  redis.call('ZREM', P .. 'owner:' .. owner, id)
  if verdict == 'done' then
    forget_message(id)
  elseif verdict == 'dead' then
    bury(id, queue, score, attempt, forgiven, now, reason)
  else
    redis.call('HSET', P .. 'messages', id, packed)
    redis.call('HSET', P .. 'taken', id, unclaimed('w', score, attempt, forgiven + 1, queue))
    if due > now then
      redis.call('ZADD', P .. 'delayed:' .. queue, due, id)
    else
      waiting.again(queue, { score, id })
      wake(queue, 1)
    end
  end
end
if outcome then
  store(id, outcome, finished)
end
if given[14] then
  publish(unpack(given[14]))
end
tell(told, now)
insert(sent, now)
if given[13] then
  drop_results(old_results(given[13]))
end
return 1
