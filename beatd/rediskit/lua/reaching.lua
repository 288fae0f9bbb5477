-- The newest range of an entry that begins at a moment or before it: ranges never overlap, so no other one can reach
-- beyond the moment. given: {entry, moment, triggered}. Returns its value, "" where there is none.
local key, highest, skipped = P .. 'fires:of:' .. given[1], text(given[2]), 0
while true do
  local ids = redis.call('ZREVRANGEBYSCORE', key, highest, '-inf', 'LIMIT', skipped, 500)
  for _, value in ipairs(read(P .. 'fires', ids)) do
    local reason = value and cjson.decode(string.sub(value, string.find(value, ' ', 1, true) + 1))[2]
    -- What was sent by hand may lie within a range.
    if reason and reason ~= given[3] then
      return value
    end
  end
  if #ids < 500 then
    return ''
  end
  skipped = skipped + #ids
end
