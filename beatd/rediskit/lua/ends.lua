-- Settles deliveries that are done, where nothing follows and no record is to be told: as most are, and as `settle` would
-- one after the other, in a few commands for all. given: {owner, ids, queues, attempts, outcomes, finished, elsewheres,
-- expired before | false}; false for each outcome and elsewhere that is absent. Returns for each 1, or 0 where it is no
-- longer this owner's.
local owner, ids, queues, attempts, outcomes, finished, elsewheres, expired = unpack(given, 1, 8)
local mine, of_owner = P .. 'owner:' .. owner, '\n' .. owner

local function is_held(attempt, delivery)
  return delivery
    and string.match(delivery, '^c %d+ (%d+) ') == text(attempt)
    and string.sub(delivery, -#of_owner) == of_owner
end

local answers, held, claimed, stored, places, told = {}, {}, {}, {}, {}, {}
for index, delivery in ipairs(read(P .. 'taken', ids)) do
  local id, queue, outcome, vain = ids[index], queues[index], outcomes[index], nil
  if is_held(attempts[index], delivery) then
    held[#held + 1] = id
    claimed[queue] = claimed[queue] or {}
    claimed[queue][#claimed[queue] + 1] = id
  else
    vain = answer_of_vain(id, owner, outcome)
  end
  answers[index] = vain or 1
  if not vain and outcome then
    stored[#stored + 1] = id
    stored[#stored + 1] = outcome
    places[#places + 1] = text(finished[index])
    places[#places + 1] = id
  end
  if not vain and elsewheres[index] then
    told[#told + 1] = elsewheres[index]
  end
end

for queue in pairs(claimed) do
  redis.call('ZCARD', P .. 'claimed:' .. queue)
end
redis.call('ZCARD', mine)
redis.call('HLEN', P .. 'messages')
local any_revoked = redis.call('HLEN', P .. 'revoked') > 0
local old = {}
if #stored > 0 then
  redis.call('HLEN', P .. 'results')
  redis.call('ZCARD', P .. 'finished')
  old = expired and old_results(expired) or old
  if #old > 0 then
    check_results()
  end
end

for queue, of_queue in pairs(claimed) do
  write('ZREM', P .. 'claimed:' .. queue, of_queue)
end
write('ZREM', mine, held)
write('HDEL', P .. 'messages', held)
write('HDEL', P .. 'taken', held)
if any_revoked then
  write('HDEL', P .. 'revoked', held)
end
write('HSET', P .. 'results', stored)
write('ZADD', P .. 'finished', places)
for _, each in ipairs(told) do
  publish(unpack(each))
end
if #old > 0 then
  drop_results(old)
end
return answers
