-- given: {now, queues}. Returns -1 where something is claimable, else the microseconds to the next delayed message, as
-- text; "" for none.
local next_due
for _, queue in ipairs(open_ones(given[2])) do
  if waiting.any(queue) then
    return '-1'
  end
  local first = redis.call('ZRANGE', P .. 'delayed:' .. queue, 0, 0, 'WITHSCORES')
  local due = tonumber(first[2])
  if due and due <= given[1] then
    return '-1'
  end
  next_due = due and math.min(due, next_due or due) or next_due
end
return next_due and text(next_due - given[1]) or ''
