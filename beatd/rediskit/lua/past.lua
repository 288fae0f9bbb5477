-- A page of the history of an entry, the oldest first. given: {entry, lowest, highest, offset, limit}. Returns the values;
-- "" for what was deleted meanwhile.
local key = P .. 'fires:of:' .. given[1]
local ids = redis.call('ZRANGEBYSCORE', key, given[2], given[3], 'LIMIT', given[4], given[5])
local found = read(P .. 'fires', ids)
for index, value in ipairs(found) do
  found[index] = value or ''
end
return found
