-- Begins, or goes on with, applying a set: one scheduler at a time, whose token lies in `applying` while it is alive.
-- given: {token, milliseconds}. Returns -1 where another one applies; else how many versions it cleared away that a
-- former one wrote and never made current: again until that is 0.
local token, lasts = given[1], given[2]
local holder = redis.call('GET', P .. 'applying')
if holder and holder ~= token then
  return -1
end
redis.call('SET', P .. 'applying', token, 'PX', lasts)
local revision = redis.call('HGET', P .. 'state', 'revision')
local left = redis.call('ZRANGEBYSCORE', P .. 'versions', '(' .. revision, '+inf', 'LIMIT', 0, 500)
for _, field in ipairs(left) do
  local name, number = string.match(field, '^(.*)%z(%d+)$')
  local line = redis.call('HGET', P .. 'lines', name) or ''
  local kept, newest = {}, nil
  for told in string.gmatch(line, ' (%d+:%d+%-?)') do
    local of = string.match(told, '^%d+')
    if of ~= number then
      kept[#kept + 1] = told
      newest = of
    end
  end
  if newest then
    local fingerprint = string.match(redis.call('HGET', P .. 'definitions', name .. '\0' .. newest) or '+0', '^.(%d+)')
    redis.call('HSET', P .. 'lines', name, fingerprint .. ' ' .. table.concat(kept, ' '))
  else
    redis.call('HDEL', P .. 'lines', name)
  end
  redis.call('HDEL', P .. 'definitions', field)
  redis.call('ZREM', P .. 'versions', field)
end
return #left
