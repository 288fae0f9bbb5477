-- Held messages: `held` id -> queue. They lie among the `messages`, and in no queue.

-- Reads what a release of these writes to.
local function check_held(ids)
  redis.call('HLEN', P .. 'held')
  local queues = {}
  for _, queue in ipairs(read(P .. 'held', ids)) do
    if queue then
      queues[queue] = true
    end
  end
  check_queues(queues)
end

-- Put held messages into their queues; what is not held is passed over.
local function release(ids, now)
  local sent = { {}, {}, {}, {}, {} }
  local queues, values = read(P .. 'held', ids), read(P .. 'messages', ids)
  for index, id in ipairs(ids) do
    if queues[index] and values[index] then
      local last = #sent[1] + 1
      sent[1][last], sent[2][last] = id, queues[index]
      sent[3][last], sent[4][last] = tonumber(string.match(values[index], '^%d+')), meta_of(values[index])[8]
    end
  end
  write('HDEL', P .. 'held', sent[1])
  insert(sent, now)
end

-- Those of these messages that wait or run. With acks = "early" one is gone while it runs, and its outcome says that it
-- was started.
local function unfinished(ids)
  local found, deliveries = {}, read(P .. 'taken', ids)
  for index, id in ipairs(ids) do
    if redis.call('HEXISTS', P .. 'messages', id) == 1 then
      found[id] = string.sub(deliveries[index] or '', 1, 1) ~= 'x'
    else
      found[id] = string.sub(redis.call('HGET', P .. 'results', id) or '', 1, 8) == 'STARTED '
    end
  end
  return found
end
