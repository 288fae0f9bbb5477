-- given: {now, owner, limit, lease, nonce, again, max_deliveries, queues}. Returns {{"ATTEMPT VALUE", ...}, {"STATE ATTEMPT
-- REASON\nVALUE", ...}}, the second of what was ended without a run. `again`: a claim with this nonce got no answer; what it took is given out now.
local now, owner, limit, lease, nonce, again, most, queues = unpack(given, 1, 8)
local PROMOTED, ROUNDS = 1000, 100
local mine = P .. 'owner:' .. owner

redis.call('ZCARD', mine)
check_results()
local named = {}
for _, queue in ipairs(queues) do
  named[queue] = true
end
check_queues(named)

local taken, ended = {}, {}
if again then
  local ids = redis.call('ZRANGE', mine, 0, -1)
  local values, deliveries = read(P .. 'messages', ids), read(P .. 'taken', ids)
  for index, delivery in ipairs(deliveries) do
    local _, _, attempt, _, _, of = taken_of(delivery)
    if of == nonce then
      taken[#taken + 1] = text(attempt) .. ' ' .. values[index]
    end
  end
  if #taken > 0 then
    return { taken, ended }
  end
end

for _, queue in ipairs(queues) do
  local delayed = P .. 'delayed:' .. queue
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, PROMOTED)
  if #due > 0 then
    local ready, seq = {}, next_seq(#due)
    for index, value in ipairs(read(P .. 'messages', due)) do
      if value then
        ready[#ready + 1] = (9 - tonumber(string.match(value, '^%d'))) * RANK + seq + index
        ready[#ready + 1] = due[index]
      end
    end
    write('ZREM', delayed, due)
    write('ZADD', P .. 'ready:' .. queue, ready)
  end
end

-- The best of all the queues: {id, queue} by priority, then age.
local function best(count)
  local found = {}
  for _, queue in ipairs(queues) do
    local pairs_ = #queues == 1 and redis.call('ZPOPMIN', P .. 'ready:' .. queue, count)
      or redis.call('ZRANGE', P .. 'ready:' .. queue, 0, count - 1, 'WITHSCORES')
    for index = 1, #pairs_, 2 do
      found[#found + 1] = { pairs_[index], queue, pairs_[index + 1] }
    end
  end
  if #queues > 1 then
    table.sort(found, function(one, other)
      return tonumber(one[3]) < tonumber(other[3])
    end)
    for index = #found, count + 1, -1 do
      found[index] = nil
    end
    for _, each in ipairs(found) do
      redis.call('ZREM', P .. 'ready:' .. each[2], each[1])
    end
  end
  return found
end

local any_revoked = redis.call('SCARD', P .. 'revoked') > 0

local function end_unrun(id, queue, score, value, attempt, forgiven, reason)
  local task = meta_of(value)[1]
  local dead = reason ~= 'revoked' and reason ~= 'expired'
  if dead then
    bury(id, queue, score, attempt, forgiven, now, reason)
    local told = cjson.encode(reason)
    local failure = '{"exc_type":"WorkerLostError","exc_message":[' .. told .. '],"exc_module":"beatd.errors"}'
    not_run(id, task, 'FAILURE', reason, 'null,' .. failure, now)
  else
    forget_message(id)
    not_run(id, task, 'REVOKED', reason, 'null,null', now)
  end
  ended[#ended + 1] = (dead and 'x ' or 'r ') .. text(attempt) .. ' ' .. reason .. '\n' .. value
end

local function why_not(id, value, deliveries)
  local expires = tonumber(string.match(value, '^%d+ (%d+) '))
  if any_revoked and redis.call('SISMEMBER', P .. 'revoked', id) == 1 then
    return 'revoked'
  elseif expires > 0 and expires <= now then
    return 'expired'
  elseif deliveries > most then
    return 'delivered ' .. text(deliveries - 1) .. ' times and never settled: the process that ran it died, or lost its lease'
  end
end

for _ = 1, ROUNDS do
  local found, ids = best(limit - #taken), {}
  for index, each in ipairs(found) do
    ids[index] = each[1]
  end
  local values, deliveries = read(P .. 'messages', ids), read(P .. 'taken', ids)
  local marks, leases, held = {}, {}, {}
  for index, each in ipairs(found) do
    local id, queue, value = each[1], each[2], values[index]
    if value then
      local attempt, forgiven = 0, 0
      if deliveries[index] then
        _, _, attempt, forgiven = taken_of(deliveries[index])
      end
      attempt = attempt + 1
      local reason = why_not(id, value, attempt - forgiven)
      if reason then
        end_unrun(id, queue, each[3], value, attempt, forgiven, reason)
      else
        marks[#marks + 1] = id
        marks[#marks + 1] = string.format('c %s %d %d %.0f %s\n%s\n%s', each[3], attempt, forgiven, now, nonce, queue, owner)
        local lease_of = leases[queue] or {}
        leases[queue] = lease_of
        lease_of[#lease_of + 1] = now + lease
        lease_of[#lease_of + 1] = id
        held[#held + 1] = now
        held[#held + 1] = id
        taken[#taken + 1] = text(attempt) .. ' ' .. value
      end
    end
  end
  write('HSET', P .. 'taken', marks)
  write('ZADD', mine, held)
  for queue, lease_of in pairs(leases) do
    write('ZADD', P .. 'claimed:' .. queue, lease_of)
  end
  if #found == 0 or #taken >= limit then
    break
  end
end
for _, queue in ipairs(queues) do
  -- What is left is for another worker; where nothing is, nobody need look.
  if redis.call('ZCARD', P .. 'ready:' .. queue) > 0 then
    wake(queue, 1)
  else
    redis.call('DEL', P .. 'wake:' .. queue)
  end
end
return { taken, ended }
