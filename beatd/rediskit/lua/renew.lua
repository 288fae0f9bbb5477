-- Leases on messages. given: {until, owners}
local renewed = 0
for _, owner in ipairs(given[2]) do
  local ids = redis.call('ZRANGE', P .. 'owner:' .. owner, 0, -1)
  for index, delivery in ipairs(read(P .. 'taken', ids)) do
    local _, _, _, _, _, _, queue = taken_of(delivery)
    redis.call('ZADD', P .. 'claimed:' .. queue, 'XX', text(given[1]), ids[index])
  end
  renewed = renewed + #ids
end
return renewed
