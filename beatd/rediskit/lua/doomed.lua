-- What these owners run, and somebody revoked with termination. given: {owners}. Returns {{id, attempt}, ...}.
local found = {}
if redis.call('HLEN', P .. 'revoked') == 0 then
  return found
end
for _, owner in ipairs(given[1]) do
  local ids = redis.call('ZRANGE', P .. 'owner:' .. owner, 0, -1)
  local marks, deliveries = read(P .. 'revoked', ids), read(P .. 'taken', ids)
  for index, id in ipairs(ids) do
    if marks[index] == '2' then
      local _, _, attempt = taken_of(deliveries[index])
      found[#found + 1] = { id, attempt }
    end
  end
end
return found
