-- given: {now, owner, limit, lease, nonce, again, max_deliveries, queues}. Returns {{"ATTEMPT VALUE", ...}, {"STATE ATTEMPT
-- DELIVERIES REASON\nVALUE", ...}, {the same, ...}}, the second of what was ended without a run, the third of what was
-- taken and is to be ended so, because its entry's record is to be told. `again`: a claim with this nonce got no answer;
-- what it took is given out now.
local now, owner, limit, lease, nonce, again, most, queues = unpack(given, 1, 8)
local ROUNDS = 100
local mine = P .. 'owner:' .. owner

redis.call('ZCARD', mine)
check_results()
local named = {}
for _, queue in ipairs(queues) do
  named[queue] = true
end
check_queues(named)

local taken, ended, over = {}, {}, {}
local any_revoked = redis.call('HLEN', P .. 'revoked') > 0

local function why_not(id, value, deliveries)
  local expires = tonumber(string.match(value, '^%d+ (%d+) '))
  if any_revoked and redis.call('HEXISTS', P .. 'revoked', id) == 1 then
    return 'revoked'
  elseif expires > 0 and expires <= now then
    return 'expired'
  elseif deliveries > most then
    return 'delivered ' .. text(deliveries - 1) .. ' times and never settled: the process that ran it died, or lost its lease'
  end
end

local function is_dead(reason)
  return reason ~= 'revoked' and reason ~= 'expired'
end

local function unrun(value, attempt, forgiven, reason)
  local head = string.format('%s %d %d %s', is_dead(reason) and 'x' or 'r', attempt, attempt - forgiven, reason)
  return head .. '\n' .. value
end

if again then
  local ids = redis.call('ZRANGE', mine, 0, -1)
  local values, deliveries = read(P .. 'messages', ids), read(P .. 'taken', ids)
  for index, delivery in ipairs(deliveries) do
    local _, _, attempt, forgiven, _, of = taken_of(delivery)
    local value = values[index]
    local reason = of == nonce and why_not(ids[index], value, attempt - forgiven)
    if reason then
      over[#over + 1] = unrun(value, attempt, forgiven, reason)
    elseif of == nonce then
      taken[#taken + 1] = text(attempt) .. ' ' .. value
    end
  end
  if #taken + #over > 0 then
    return { taken, ended, over }
  end
end

for _, queue in ipairs(queues) do
  waiting.promote(queue, now)
end

local function end_unrun(id, queue, score, value, attempt, forgiven, reason)
  local task = meta_of(value)[1]
  if is_dead(reason) then
    bury(id, queue, score, attempt, forgiven, now, reason)
    local told = cjson.encode(reason)
    local failure = '{"exc_type":"WorkerLostError","exc_message":[' .. told .. '],"exc_module":"beatd.errors"}'
    not_run(id, task, 'FAILURE', reason, 'null,' .. failure, now)
  else
    forget_message(id)
    not_run(id, task, 'REVOKED', reason, 'null,null', now)
  end
  ended[#ended + 1] = unrun(value, attempt, forgiven, reason)
end

local function is_tracked(value)
  local entry = meta_of(value)[10]
  return entry ~= cjson.null and tracked(entry)
end

for _ = 1, ROUNDS do
  local found, ids = waiting.best(queues, limit - #taken - #over, now, ended), {}
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
      if reason and not is_tracked(value) then
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
        if reason then
          over[#over + 1] = unrun(value, attempt, forgiven, reason)
        else
          taken[#taken + 1] = text(attempt) .. ' ' .. value
        end
      end
    end
  end
  write('HSET', P .. 'taken', marks)
  write('ZADD', mine, held)
  for queue, lease_of in pairs(leases) do
    write('ZADD', P .. 'claimed:' .. queue, lease_of)
  end
  if #found == 0 or #taken + #over >= limit then
    break
  end
end
for _, queue in ipairs(queues) do
  -- What is left is for another worker; where nothing is, nobody need look.
  if waiting.any(queue) then
    wake(queue, 1)
  else
    redis.call('DEL', P .. 'wake:' .. queue)
  end
end
return { taken, ended, over }
