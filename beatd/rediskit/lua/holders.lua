-- given: {now, seen after}. For each scheduler: {holder, parts held, fields and values}.
local counts, found = {}, {}
local leases = redis.call('HVALS', P .. 'leases')
for _, lease in ipairs(leases) do
  local until_, of = string.match(lease, '^(%d+) (.*)$')
  if tonumber(until_) > given[1] then
    counts[of] = (counts[of] or 0) + 1
  end
end
for _, holder in ipairs(redis.call('ZRANGEBYSCORE', P .. 'schedulers', '(' .. text(given[2]), '+inf')) do
  local told = redis.call('HGETALL', P .. 'scheduler:' .. holder)
  if told[1] then -- deleted by hand: it tells again when it renews
    found[#found + 1] = { holder, counts[holder] or 0, told }
  end
end
return found
