-- Outcomes: `results` id -> "STATE WORKER\nNOTE\nREST", the last two in JSON; `finished` id by when. A note outlives
-- its outcome in `notes`, as long as the fire is on record.

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
  waiting.forget(ids)
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
