-- Outcomes: `results` id -> "STATE WORKER\nNOTE\nREST", the last two in JSON; `finished` id by when. A note outlives
-- its outcome in `notes`, as long as the fire is on record. ARGV[4]: what keys begin with under which other programs find
-- outcomes too, where there are such.

local function check_results()
  for _, key in ipairs({ 'results', 'notes', 'fires', 'reasons' }) do
    redis.call('HLEN', P .. key)
  end
  redis.call('ZCARD', P .. 'finished')
  redis.call('HLEN', P .. 'revoked')
end

local function store(id, value, finished)
  redis.call('HSET', P .. 'results', id, value)
  redis.call('ZADD', P .. 'finished', text(finished), id)
end

-- What a settlement answers whose delivery is no longer its owner's: 1 where it was carried out and its answer lost, 0
-- where it is vain; nil where the delivery was ended before its run, so that the outcome is to be stored yet.
local function answer_of_vain(id, owner, outcome)
  local former = redis.call('HGET', P .. 'results', id)
  if former and former == outcome then
    return 1
  end
  if not former or string.match(former, '^[^\n]*') ~= 'STARTED ' .. owner then
    return 0
  end
end

-- Some outcomes that finished before that moment.
local function old_results(before)
  return redis.call('ZRANGEBYSCORE', P .. 'finished', '-inf', '(' .. text(before), 'LIMIT', 0, 64)
end

local function drop_results(ids)
  local values, fires = read(P .. 'results', ids), read(P .. 'fires', ids)
  local notes = {}
  for index, id in ipairs(ids) do
    if values[index] and fires[index] then
      notes[#notes + 1] = id
      notes[#notes + 1] = string.match(values[index], '^[^\n]*\n([^\n]*)')
    end
  end
  write('HSET', P .. 'notes', notes)
  write('HDEL', P .. 'results', ids)
  write('ZREM', P .. 'finished', ids)
  for _, id in ipairs(ARGV[4] and ids or {}) do
    redis.call('DEL', ARGV[4] .. id)
  end
  return #ids
end

local function publish(key, value, lasts)
  redis.call('SET', key, value, 'PX', text(lasts))
  redis.call('PUBLISH', key, value)
end

-- result: traceback and result, in JSON
local function not_run(id, task, state, reason, result, now)
  local note = cjson.encode(state) .. ',null,' .. text(now) .. ',' .. cjson.encode(reason)
  store(id, state .. ' \n[' .. note .. ']\n[' .. cjson.encode(task) .. ',' .. result .. ']', now)
  waiting.not_run(id, state, reason)
end
