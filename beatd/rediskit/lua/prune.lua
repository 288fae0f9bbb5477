-- One bounded round of deleting. given: {now, before, most, limit, a day}. Returns how many.
local now, before, most, limit, day = unpack(given, 1, 5)
check_fires()
local PATIENCE = 10000
local done = prune_fires(before, limit, PATIENCE)
local above = math.max(0, redis.call('ZCARD', P .. 'fires:all') - most)
done = done + prune_fires(false, math.min(limit - done, above), PATIENCE)

local function drop_versions(name, numbers)
  for _, number in ipairs(numbers) do
    redis.call('HDEL', P .. 'definitions', name .. '\0' .. number)
    redis.call('HDEL', P .. 'tenures', name .. '\0' .. number)
    redis.call('ZREM', P .. 'versions', name .. '\0' .. number)
  end
end

-- All versions of a name in order, each {number, when it began, its word, whether it is a row's}.
local function told_of(line, begun)
  local told = {}
  for word, number, changed_at in string.gmatch(line or '', ' ((%d+):(%d+)%-?)') do
    told[#told + 1] = { number, changed_at, word, false }
  end
  for word, number, since in string.gmatch(begun or '', ' ((%d+):%d+:(%-?%d+)%S*)') do
    told[#told + 1] = { number, since, word, true }
  end
  table.sort(told, function(one, other)
    return tonumber(one[1]) < tonumber(other[1])
  end)
  return told
end

local function rewrite(key, name, words)
  if #words < 2 then -- its head alone
    redis.call('HDEL', P .. key, name)
  else
    redis.call('HSET', P .. key, name, table.concat(words, ' '))
  end
end

-- A version owned fire times until the next one began, so it goes when that beginning is old.
local function prune_line(name)
  local line, record = redis.call('HGET', P .. 'lines', name), redis.call('HGET', P .. 'records', name)
  local version = record and tonumber(string.match(record, '^%d+ (%d+)')) or 0
  local told, gone, kept = told_of(line, redis.call('HGET', P .. 'begun', name)), {}, {}
  for index, each in ipairs(told) do
    local following = told[index + 1]
    local replaced = following and tonumber(following[1]) <= version and tonumber(following[2]) < before
    if replaced and #gone < limit - done then
      gone[#gone + 1] = each[1]
    else
      kept[#kept + 1] = each
    end
  end
  if #gone > 0 then
    local of_set, of_rows = { line and string.match(line, '^%d+') }, { '' }
    for _, each in ipairs(kept) do
      local words = each[4] and of_rows or of_set
      words[#words + 1] = each[3]
    end
    rewrite('lines', name, of_set)
    rewrite('begun', name, of_rows)
    drop_versions(name, gone)
  end
  if #kept < 2 then
    redis.call('ZREM', P .. 'several', name)
  elseif #gone > 0 then
    redis.call('ZADD', P .. 'several', kept[2][2], name)
  end
  return #gone
end

if done < limit then
  local old = redis.call('ZRANGEBYSCORE', P .. 'several', '-inf', '(' .. text(before), 'LIMIT', 0, 1000)
  for _, name in ipairs(old) do
    done = done + prune_line(name)
  end
end

-- A tombstone goes with its definitions, or the removal would be taken in again as something new.
local function prune_tombstone(name)
  local record, line = redis.call('HGET', P .. 'records', name), redis.call('HGET', P .. 'lines', name)
  local version, flags = string.match(record or '', '^%d+ (%d+) (%d)')
  if tonumber(flags or '0') % 2 == 0 then
    redis.call('ZREM', P .. 'tombstones', name)
    return 0
  end
  local numbers = {}
  for number, changed_at in string.gmatch(line or '', ' (%d+):(%d+)') do
    if tonumber(number) > tonumber(version) or tonumber(changed_at) >= math.min(before, now - day) then
      return 0
    end
    numbers[#numbers + 1] = number
  end
  drop_versions(name, numbers)
  redis.call('HDEL', P .. 'lines', name)
  redis.call('HDEL', P .. 'begun', name)
  redis.call('HDEL', P .. 'records', name)
  redis.call('ZREM', P .. 'tombstones', name)
  redis.call('ZREM', P .. 'noticed', name)
  redis.call('ZREM', P .. 'several', name)
  return 1
end

if done < limit then
  local highest = '(' .. text(math.min(before, now - day))
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'tombstones', '-inf', highest, 'LIMIT', 0, limit - done)) do
    done = done + prune_tombstone(name)
  end
end
if done < limit then
  local gone = redis.call('ZRANGEBYSCORE', P .. 'schedulers', '-inf', '(' .. text(now - day), 'LIMIT', 0, limit - done)
  for _, holder in ipairs(gone) do
    redis.call('DEL', P .. 'scheduler:' .. holder)
    redis.call('ZREM', P .. 'schedulers', holder)
    done = done + 1
  end
end
return done
