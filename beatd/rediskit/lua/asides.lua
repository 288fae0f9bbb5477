-- What a step keeps beside records and messages: `tenures` "NAME\0NUMBER" -> "GENERATION SINCE" of each version that was
-- taken in, and the dead letters of what the broker could not take.
-- An aside: {place of its item, field | false, tenure, letters}; a letter: {id, queue, value, reason}.

local function check_asides(asides)
  local queues = {}
  for _, each in ipairs(asides) do
    for _, letter in ipairs(each[4]) do
      queues[letter[2]] = true
    end
  end
  redis.call('HLEN', P .. 'tenures')
  redis.call('HLEN', P .. 'reasons')
  redis.call('HLEN', P .. 'results')
  redis.call('SCARD', P .. 'revoked')
  check_queues(queues)
end

local function keep_aside(aside, now)
  if aside[2] then
    redis.call('HSET', P .. 'tenures', aside[2], aside[3])
  end
  for _, letter in ipairs(aside[4]) do
    local id, queue, value, reason = unpack(letter, 1, 4)
    if redis.call('HEXISTS', P .. 'results', id) == 0 and redis.call('HSETNX', P .. 'messages', id, value) == 1 then
      redis.call('SADD', P .. 'queues', queue)
      bury(id, queue, '0', 0, 0, now, reason)
    end
  end
end
