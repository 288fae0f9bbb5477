-- beatd's own layout of what is ready: for each queue the sorted set `ready`, by priority, then by when it became so.

function waiting.check(queue)
  redis.call('ZCARD', P .. 'ready:' .. queue)
end

function waiting.insert(sent, now)
  local ids, queues, priorities, dues = unpack(sent, 1, 4)
  if #ids == 0 then
    return
  end
  local seq = next_seq(#ids)
  local ready, delayed = {}, {}
  for index = 1, #ids do
    local queue, score, places = queues[index], (9 - priorities[index]) * RANK + seq + index, ready
    if dues[index] > now then
      places, score = delayed, dues[index]
    end
    local place = places[queue]
    if not place then
      place = {}
      places[queue] = place
    end
    local last = #place
    place[last + 1] = score
    place[last + 2] = ids[index]
  end
  write('HSET', P .. 'messages', sent[5])
  for queue, place in pairs(delayed) do
    redis.call('SADD', P .. 'queues', queue)
    write('ZADD', P .. 'delayed:' .. queue, place)
  end
  for queue, place in pairs(ready) do
    redis.call('SADD', P .. 'queues', queue)
    write('ZADD', P .. 'ready:' .. queue, place)
    wake(queue, #place / 2)
  end
end

function waiting.again(queue, places)
  write('ZADD', P .. 'ready:' .. queue, places)
end

function waiting.promote(queue, now)
  local PROMOTED = 1000
  local delayed = P .. 'delayed:' .. queue
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, PROMOTED)
  if #due > 0 then
    local ready, others = by_turns(due)
    local seq = next_seq(#others)
    for index, value in ipairs(read(P .. 'messages', others)) do
      if value then
        ready[#ready + 1] = (9 - tonumber(string.match(value, '^%d'))) * RANK + seq + index
        ready[#ready + 1] = others[index]
      end
    end
    write('ZREM', delayed, due)
    write('ZADD', P .. 'ready:' .. queue, ready)
  end
end

function waiting.best(queues, count)
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

function waiting.any(queue)
  return redis.call('ZCARD', P .. 'ready:' .. queue) > 0
end

function waiting.size(queue)
  return redis.call('ZCARD', P .. 'ready:' .. queue)
end

function waiting.drop(queue, id)
  redis.call('ZREM', P .. 'ready:' .. queue, id)
end

-- Every id that waits is found in `messages`, and beatd alone reads what became of it.
function waiting.sent() end
function waiting.not_run() end
