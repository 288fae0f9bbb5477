-- What the scripts share. KEYS[1]: the prefix of the namespace's keys. ARGV[1]: the arguments, in MessagePack, with
-- false for what is absent. Moments are microseconds: a double, and so a score, holds them exactly until the year 2255.
-- Longer numbers are text throughout.
--
-- A script error does not undo what was written, so every script reads all the keys that it will write to before the
-- first write: a key of another type is found then.

local P = KEYS[1]
local given = cmsgpack.unpack(ARGV[1])

local AT_ONCE = 800 -- values in one call; `unpack` fails above some thousands
local RANK = 1e14 -- between priorities, in the score of what is ready; sequence numbers stay below it
local WAKES = 8 -- wake-up calls waiting in a queue

local function text(number)
  return string.format('%.0f', number)
end

local function write(command, key, values)
  for first = 1, #values, AT_ONCE do
    redis.call(command, key, unpack(values, first, math.min(first + AT_ONCE - 1, #values)))
  end
end

local function read(key, fields)
  if #fields <= AT_ONCE then
    return #fields == 0 and {} or redis.call('HMGET', key, unpack(fields))
  end
  local found = {}
  for first = 1, #fields, AT_ONCE do
    for _, value in ipairs(redis.call('HMGET', key, unpack(fields, first, math.min(first + AT_ONCE - 1, #fields)))) do
      found[#found + 1] = value
    end
  end
  return found
end

local function number_at(key)
  local found = redis.call('GET', P .. key)
  if found and not tonumber(found) then
    error('WRONGTYPE ' .. P .. key .. ' holds no number')
  end
end
