-- For each queue with messages: {name, ready, delayed, claimed, dead}.
local found = {}
for _, queue in ipairs(redis.call('SMEMBERS', P .. 'queues')) do
  local told, all = { queue, waiting.size(queue) }, waiting.size(queue)
  for _, place in ipairs({ 'delayed:', 'claimed:', 'dead:' }) do
    told[#told + 1] = redis.call('ZCARD', P .. place .. queue)
    all = all + told[#told]
  end
  if all > 0 then
    found[#found + 1] = told
  end
end
return found
