-- History: `fires` id -> "LAST ROW" (LAST "-": the range is open; ROW in JSON, the entry first), ordered by its first
-- moment in `fires:all` and in `fires:of:ENTRY`. The id is the message's, or a number for a range. `open` finds the
-- open range by what it is; `timed_out` has the ids of messages that `overlap` waits for no longer.

local function check_fires()
  redis.call('HLEN', P .. 'fires')
  redis.call('HLEN', P .. 'open')
  redis.call('HLEN', P .. 'notes')
  redis.call('SCARD', P .. 'timed_out')
  redis.call('HLEN', P .. 'state')
  redis.call('ZCARD', P .. 'fires:all')
  number_at('fire_seq')
end

-- fire: {entry, id, first, value}
local function add_fire(fire)
  redis.call('HSET', P .. 'fires', fire[2], fire[4])
  redis.call('ZADD', P .. 'fires:all', fire[3], fire[2])
  redis.call('ZADD', P .. 'fires:of:' .. fire[1], fire[3], fire[2])
end

local function add_fires(fires)
  local values, order = {}, {}
  for _, fire in ipairs(fires) do
    local last = #values
    values[last + 1], values[last + 2] = fire[2], fire[4]
    order[last + 1], order[last + 2] = fire[3], fire[2]
    redis.call('ZADD', P .. 'fires:of:' .. fire[1], fire[3], fire[2])
  end
  write('HSET', P .. 'fires', values)
  write('ZADD', P .. 'fires:all', order)
end

-- range: {entry, identity, first, value, is_open}
local function add_range(range)
  local id = string.format('%016d', redis.call('INCR', P .. 'fire_seq'))
  add_fire({ range[1], id, range[3], range[4] })
  if range[5] then
    redis.call('HSET', P .. 'open', range[2], id)
  end
end

local function close_range(range)
  local id = redis.call('HGET', P .. 'open', range[2])
  if id then
    redis.call('HSET', P .. 'fires', id, range[4])
    redis.call('HDEL', P .. 'open', range[2])
  else
    add_range(range)
  end
end

local function drop_fire(entry, id)
  redis.call('HDEL', P .. 'fires', id)
  redis.call('ZREM', P .. 'fires:all', id)
  redis.call('ZREM', P .. 'fires:of:' .. entry, id)
end

-- From behind `last` on the history is whole: what is asked of it further back is not known.
local function is_whole_from(last)
  if last >= tonumber(redis.call('HGET', P .. 'state', 'history_from') or 0) then
    redis.call('HSET', P .. 'state', 'history_from', text(last + 1))
  end
end

-- Delete up to `limit` of the oldest; with `before` only those that ended earlier. Never an open range; beyond
-- `patience` of those that have to stay it gives up.
local function prune_fires(before, limit, patience)
  local deleted, skipped, newest = 0, 0, nil
  while deleted < limit and skipped < patience do
    local highest = before and '(' .. text(before) or '+inf'
    local count = math.min(limit - deleted, 500)
    local ids = redis.call('ZRANGEBYSCORE', P .. 'fires:all', '-inf', highest, 'LIMIT', skipped, count)
    if #ids == 0 then
      break
    end
    local gone = {}
    for index, value in ipairs(read(P .. 'fires', ids)) do
      local last = value and tonumber(string.match(value, '^%d+'))
      if not value or (last and (not before or last < before)) then
        gone[#gone + 1] = ids[index]
        if value then
          newest = math.max(newest or last, last)
          local row = cjson.decode(string.sub(value, string.find(value, ' ', 1, true) + 1))
          redis.call('ZREM', P .. 'fires:of:' .. row[1], ids[index])
        end
      else
        skipped = skipped + 1
      end
    end
    write('ZREM', P .. 'fires:all', gone)
    write('HDEL', P .. 'fires', gone)
    write('HDEL', P .. 'notes', gone)
    write('SREM', P .. 'timed_out', gone)
    deleted = deleted + #gone
  end
  if newest then
    is_whole_from(newest)
  end
  return deleted
end

-- Delete some of what is above the `most` rows that are kept.
local function trim_fires(most, added)
  local above = redis.call('ZCARD', P .. 'fires:all') - most
  if above > 0 then
    prune_fires(false, math.min(above, 2 * added), 200)
  end
end
