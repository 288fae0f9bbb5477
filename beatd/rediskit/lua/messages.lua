-- Messages: `messages` id -> "PRIORITY EXPIRES META\nBODY" (META in JSON, the task and the queue first); for each queue
-- the sorted sets ready (by priority, then by when it became so), delayed (by due), claimed (by the end of the lease),
-- dead (by when). What was delivered before is in `taken` (deliveries.lua).
--
-- What is ready lies as the layout has it, whose file fills `waiting`: ready.lua, beatd's own, or kombu.lua.

-- check(queue): reads what will be written to. insert(messages in columns, now). again(queue, {score, id, ...}): back to
-- where they stood. promote(queue, now): what is due leaves `delayed`. best(queues, count, now, ended): takes {id, queue,
-- score} off, by priority, then age; their values are in `messages` then; what it ends itself it adds to `ended`.
-- any(queue), size(queue), drop(queue, id). sent(ids): remembers what was sent, where ids cannot be looked up.
-- not_run(id, state, reason) tells other programs.
local waiting = {}
-- Hashes by id of what was sent before.
local KNOWN = { 'messages', 'results' }

local function check_queues(queues)
  for queue in pairs(queues) do
    for _, place in ipairs({ 'delayed:', 'claimed:', 'dead:' }) do
      redis.call('ZCARD', P .. place .. queue)
    end
    redis.call('LLEN', P .. 'wake:' .. queue)
    waiting.check(queue)
  end
  redis.call('SCARD', P .. 'queues')
  redis.call('HLEN', P .. 'messages')
  redis.call('HLEN', P .. 'taken')
  number_at('seq')
end

local function set_of(list)
  local found = {}
  for _, each in ipairs(list) do
    found[each] = true
  end
  return found
end

-- Ids that wait, run, have run, or, where that is kept, are on record; and whether there are any, or one comes twice.
local function known(ids, on_record)
  local found, any = {}, false
  local keys = { unpack(KNOWN) }
  keys[#keys + 1] = on_record and 'fires' or nil
  for _, key in ipairs(keys) do
    -- Of many it is worth a question whether there is anything to be found.
    if #ids < 20 or redis.call('HLEN', P .. key) > 0 then
      for index, value in ipairs(read(P .. key, ids)) do
        if value then
          found[ids[index]], any = true, true
        end
      end
    end
  end
  local seen = {}
  for _, id in ipairs(ids) do
    any = any or seen[id] or false
    seen[id] = true
  end
  return found, any
end

-- One call wakes one worker, so that a single message does not wake them all.
local function wake(queue, count)
  local key = P .. 'wake:' .. queue
  local calls = {}
  for index = 1, math.min(count, WAKES - redis.call('LLEN', key)) do
    calls[index] = '1'
  end
  write('LPUSH', key, calls)
end

-- Messages come in columns: {ids, queues, priorities, dues, {id, value, ...}}. These are those of the places wanted.
local function picked(sent, wanted)
  local found = { {}, {}, {}, {}, {} }
  for index = 1, #sent[1] do
    if wanted[index] then
      for column = 1, 4 do
        found[column][#found[column] + 1] = sent[column][index]
      end
      found[5][#found[5] + 1] = sent[5][2 * index - 1]
      found[5][#found[5] + 1] = sent[5][2 * index]
    end
  end
  return found
end

-- Of messages in columns, those whose ids are not known, each once; and which places they had.
local function unknown(sent, on_record)
  local known_ids, any = known(sent[1], on_record)
  local wanted = {}
  for index, id in ipairs(sent[1]) do
    wanted[index] = not known_ids[id]
    known_ids[id] = true
  end
  return any and picked(sent, wanted) or sent, wanted
end

-- The scores of the next messages that become ready.
local function next_seq(count)
  return redis.call('INCRBY', P .. 'seq', count) - count
end

-- Those `held` go into no queue yet.
local function insert(sent, now, held)
  if held and next(held) then
    local values, queues, wanted = {}, {}, {}
    for index, id in ipairs(sent[1]) do
      wanted[index] = not held[id]
      if held[id] then
        local last = #values
        values[last + 1], values[last + 2] = id, sent[5][2 * index]
        queues[last + 1], queues[last + 2] = id, sent[2][index]
      end
    end
    write('HSET', P .. 'messages', values)
    write('HSET', P .. 'held', queues)
    sent = picked(sent, wanted)
  end
  waiting.insert(sent, now)
end

local function meta_of(value)
  return cjson.decode(string.match(value, '^%d+ %d+ ([^\n]*)'))
end

-- Of what is due, what has waited for a token: {score, id, ...}, from where it stood; and the rest.
local function by_turns(due)
  local turns, others = {}, {}
  for index, delivery in ipairs(read(P .. 'taken', due)) do
    local score, nonce = string.match(delivery or '', '^%a (%d+) %d+ %d+ %d+ (%w*)\n')
    if nonce and string.match(nonce, 'T$') then
      turns[#turns + 1] = score
      turns[#turns + 1] = due[index]
    else
      others[#others + 1] = due[index]
    end
  end
  return turns, others
end

-- Those of these queues that are not paused: `paused` has the others.
local function open_ones(queues)
  if redis.call('HLEN', P .. 'paused') == 0 then
    return queues
  end
  local found = {}
  for _, queue in ipairs(queues) do
    if redis.call('HEXISTS', P .. 'paused', queue) == 0 then
      found[#found + 1] = queue
    end
  end
  return found
end

-- Put back what is claimed, to where it stood in its queue. `ids` are in hand now.
local function put_back(ids, forgiven_more)
  local deliveries = read(P .. 'taken', ids)
  local taken, places = {}, {}
  for index, id in ipairs(ids) do
    local _, score, attempt, forgiven, _, nonce, queue, owner = taken_of(deliveries[index])
    redis.call('ZREM', P .. 'claimed:' .. queue, id)
    redis.call('ZREM', P .. 'owner:' .. owner, id)
    local place = places[queue] or {}
    places[queue] = place
    place[#place + 1] = score
    place[#place + 1] = id
    taken[#taken + 1] = id
    taken[#taken + 1] = unclaimed('w', score, attempt, forgiven + forgiven_more, queue, string.match(nonce, 'T$'))
  end
  write('HSET', P .. 'taken', taken)
  for queue, place in pairs(places) do
    waiting.again(queue, place)
    wake(queue, #place / 2)
  end
  return #ids
end

local function bury(id, queue, score, attempt, forgiven, now, reason)
  redis.call('ZADD', P .. 'dead:' .. queue, now, id)
  redis.call('HSET', P .. 'taken', id, unclaimed('x', score, attempt, forgiven, queue))
  redis.call('HDEL', P .. 'revoked', id)
  if reason then
    redis.call('HSET', P .. 'reasons', id, reason)
  end
end
