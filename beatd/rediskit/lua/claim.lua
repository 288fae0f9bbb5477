-- given: {now, owner, limit, lease, nonce, again, max_deliveries, queues, rates | false}; rates: task -> {interval,
-- tolerance}. What finds no token is put off until its turn. Returns {"ATTEMPT DELIVERIES LENGTH ATTEMPT ...", "VALUEVALUE...",
-- {"STATE ATTEMPT DELIVERIES REASON\nVALUE", ...}, {the same, ...}}, the third of what was ended without a run, the fourth
-- of what was taken and is to be ended so, because its entry's record is to be told. The values are one text, since
-- clients read many slowly. `again`: a claim with this nonce got no answer; what it took is given out now.
local now, owner, limit, lease, nonce, again, most, queues, rates = unpack(given, 1, 9)
local ROUNDS = 100
local mine = P .. 'owner:' .. owner
-- Written once: a number that goes to a command is written out each time, and that is dear.
local at, lease_until = text(now), text(now + lease)

redis.call('ZCARD', mine)
check_results()
if rates then
  check_rates()
end
local named = {}
for _, queue in ipairs(queues) do
  named[queue] = true
end
check_queues(named)

local taken, heads, ended, over = {}, {}, {}, {}
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

local function give(value, attempt, forgiven)
  taken[#taken + 1] = value
  heads[#heads + 1] = string.format('%d %d %d', attempt, attempt - forgiven, #value)
end

local function answer()
  return { table.concat(heads, ' '), table.concat(taken), ended, over }
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
    local is_ours = of == nonce or of == nonce .. TURN
    local reason = is_ours and why_not(ids[index], value, attempt - forgiven)
    if reason then
      over[#over + 1] = unrun(value, attempt, forgiven, reason)
    elseif is_ours then
      give(value, attempt, forgiven)
    end
  end
  if #taken + #over > 0 then
    return answer()
  end
end

queues = open_ones(queues)
if #queues == 0 then
  return answer()
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

-- The moment until which a message has to wait, and whether its task is limited.
local function put_off_until(value, waited)
  local task = rates and task_of(value)
  local rate = task and rates[task]
  if rate then
    return turn(task, rate, now, waited), true
  end
end

for _ = 1, ROUNDS do
  local found, ids = waiting.best(queues, limit - #taken - #over, now, ended), {}
  for index, each in ipairs(found) do
    ids[index] = each[1]
  end
  local values, deliveries = read(P .. 'messages', ids), read(P .. 'taken', ids)
  local marks, leases, held, later = {}, {}, {}, {}
  for index, each in ipairs(found) do
    local id, queue, value = each[1], each[2], values[index]
    if value then
      local place, attempt, forgiven, former = each[3], 0, 0, ''
      if deliveries[index] then
        _, place, attempt, forgiven, _, former = taken_of(deliveries[index])
      end
      attempt = attempt + 1
      local reason, put_off, limited = why_not(id, value, attempt - forgiven), nil, false
      local waited = rates and string.match(former, TURN .. '$')
      -- Who waited is as old as before, also where a layout gives a new place to what goes back.
      place = waited and place or each[3]
      if not reason then
        put_off, limited = put_off_until(value, waited)
      end
      if reason and not is_tracked(value) then
        end_unrun(id, queue, each[3], value, attempt, forgiven, reason)
      elseif put_off then
        marks[#marks + 1] = id
        marks[#marks + 1] = unclaimed('w', place, attempt - 1, forgiven, queue, TURN)
        local later_of = later[queue] or {}
        later[queue] = later_of
        later_of[#later_of + 1] = text(put_off)
        later_of[#later_of + 1] = id
      else
        local mark = (waited or limited) and nonce .. TURN or nonce
        marks[#marks + 1] = id
        marks[#marks + 1] = string.format('c %s %d %d %s %s\n%s\n%s', place, attempt, forgiven, at, mark, queue, owner)
        local lease_of = leases[queue] or {}
        leases[queue] = lease_of
        lease_of[#lease_of + 1] = lease_until
        lease_of[#lease_of + 1] = id
        held[#held + 1] = at
        held[#held + 1] = id
        if reason then
          over[#over + 1] = unrun(value, attempt, forgiven, reason)
        else
          give(value, attempt, forgiven)
        end
      end
    end
  end
  write('HSET', P .. 'taken', marks)
  write('ZADD', mine, held)
  for queue, lease_of in pairs(leases) do
    write('ZADD', P .. 'claimed:' .. queue, lease_of)
  end
  for queue, later_of in pairs(later) do
    write('ZADD', P .. 'delayed:' .. queue, later_of)
  end
  if #found == 0 or #taken + #over >= limit then
    break
  end
end
keep_lines()
for _, queue in ipairs(queues) do
  -- What is left is for another worker; where nothing is, nobody need look.
  if waiting.any(queue) then
    wake(queue, 1)
  else
    redis.call('DEL', P .. 'wake:' .. queue)
  end
end
return answer()
