-- What a step keeps beside records and messages: `tenures` "NAME\0NUMBER" -> "GENERATION SINCE" of each version of the set
-- that was taken in, `begun` name -> " NUMBER:GENERATION:SINCE:FINGERPRINT ..." of those of a row, whose text is in its
-- table, and the dead letters of what the broker could not take.
-- An aside: {place of its item, field | false, tenure, letters}; a letter: {id, queue, value, reason}.

local function check_beginnings()
  redis.call('HLEN', P .. 'begun')
  redis.call('HLEN', P .. 'lines')
  redis.call('ZCARD', P .. 'several')
end

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

-- Beginnings in columns: {names, numbers, tenures, sinces}. Most are the first of their name.
local function begin_rows(names, numbers, tenures, sinces)
  local begun, lines, told_by_now, values = read(P .. 'begun', names), read(P .. 'lines', names), {}, {}
  for index, name in ipairs(names) do
    local number, told = numbers[index], ''
    for of, rest in string.gmatch(told_by_now[name] or begun[index] or '', ' (%d+)(%S+)') do
      if of ~= number then
        told = told .. ' ' .. of .. rest
      end
    end
    if told ~= '' or lines[index] then
      redis.call('ZADD', P .. 'several', 'NX', sinces[index], name)
    end
    told = told .. ' ' .. number .. ':' .. tenures[index]
    told_by_now[name] = told
    values[2 * index - 1], values[2 * index] = name, told
  end
  write('HSET', P .. 'begun', values)
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
