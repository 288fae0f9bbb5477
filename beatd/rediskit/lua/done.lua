-- Settles a delivery that is done, where nothing follows and no record is to be told: as most are, and as `settle` would,
-- in fewer commands. given: {id, queue, owner, attempt, outcome | false, finished, expired before | false, elsewhere |
-- false}. Returns 1, or 0 where the delivery is no longer this owner's.
local id, queue, owner, attempt, outcome, finished, expired, elsewhere = unpack(given, 1, 8)
local claimed, mine = P .. 'claimed:' .. queue, P .. 'owner:' .. owner

local held = held_by(owner, attempt, redis.call('HGET', P .. 'taken', id))
local vain = not held and answer_of_vain(id, owner, outcome)
if vain then
  return vain
end
redis.call('ZCARD', mine)
redis.call('HLEN', P .. 'messages')
local any_revoked = redis.call('HLEN', P .. 'revoked') > 0
local old = {}
if outcome then
  redis.call('HLEN', P .. 'results')
  redis.call('ZCARD', P .. 'finished')
  old = expired and old_results(expired) or old
  if #old > 0 then
    check_results()
  end
end

if held then
  -- What is written to first need not be looked at before: its error comes before anything is changed.
  redis.call('ZREM', claimed, id)
  redis.call('ZREM', mine, id)
  redis.call('HDEL', P .. 'messages', id)
  redis.call('HDEL', P .. 'taken', id)
  if any_revoked then
    redis.call('HDEL', P .. 'revoked', id)
  end
end
if outcome then
  store(id, outcome, finished)
end
if elsewhere then
  publish(unpack(elsewhere))
end
if #old > 0 then
  drop_results(old)
end
return 1
