-- One step of a backfill. given: {now, most | false, all, entry, field, id, cursor, stride, next cursor | false,
-- messages, fires | false, exchange | false}. `stride` names this request, so that one which comes again does nothing twice. exchange:
-- {first, the beginning of the range's value, ranges that take its place}.
-- Returns how many messages were sent; -1 where the backfill is elsewhere.
local now, most, all, entry, field, id = unpack(given, 1, 6)
local cursor, stride, next_cursor, sent, fires, exchange = unpack(given, 7, 12)
local told, DONE_MS = P .. 'stride:' .. stride, 3600000

check_queues(set_of(sent[2]))
check_fires()
redis.call('ZCARD', P .. 'fires:of:' .. entry)
redis.call('HLEN', P .. 'results')
local done = redis.call('GET', told)
if done then
  return tonumber(done)
end
local value = redis.call('HGET', P .. 'backfills', field) or ''
local at, of_cursor, emitted, former, more = string.match(value, '^(%S+) (%S+) (%d+) (%S+) (%d+)$')
if at == id and former == stride then
  return tonumber(more)
end
if at ~= id or of_cursor ~= cursor then
  return -1
end

local range
if exchange then
  local ids = redis.call('ZRANGEBYSCORE', P .. 'fires:of:' .. entry, exchange[1], exchange[1])
  for index, row in ipairs(read(P .. 'fires', ids)) do
    if row and string.sub(row, 1, #exchange[2]) == exchange[2] then
      range = ids[index]
    end
  end
end
local new, wanted = unknown(sent, all)
local count = (exchange and not range) and 0 or #new[1]

if next_cursor then
  value = string.format('%s %s %d %s %d', id, next_cursor, tonumber(emitted) + count, stride, count)
  redis.call('HSET', P .. 'backfills', field, value)
else
  redis.call('HDEL', P .. 'backfills', field)
  redis.call('SET', told, count, 'PX', DONE_MS)
end
if exchange and not range then
  return 0
end
insert(new, now)
if exchange then
  drop_fire(entry, range)
  for _, each in ipairs(exchange[3]) do
    add_range(each)
  end
end
if fires then
  local kept = {}
  for index, fire in ipairs(fires) do
    -- A row for each fire of a range, so that what becomes of it is told; also of one that was there already.
    if exchange or wanted[index] then
      kept[#kept + 1] = fire
    end
  end
  add_fires(kept)
end
if most then
  trim_fires(most, #sent[1] + 3)
end
return count
