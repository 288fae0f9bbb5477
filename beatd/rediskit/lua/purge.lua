-- given: {now, queue, limit, reason}. Ends up to so many messages of a queue that wait, due or not, as revoked. Returns
-- how many, and the ids of those that stay, because the records of their entries are to be told first.
local now, queue, limit, reason = unpack(given, 1, 4)
check_results()
check_queues({ [queue] = true })
redis.call('HLEN', P .. 'held')

local repeated, ids, scores = {}, {}, {}
for _, each in ipairs(waiting.best({ queue }, limit, now, repeated)) do
  ids[#ids + 1], scores[each[1]] = each[1], each[3]
end
if #ids < limit then
  for _, id in ipairs(redis.call('ZRANGE', P .. 'delayed:' .. queue, 0, limit - #ids - 1)) do
    ids[#ids + 1] = id
  end
end

local count, staying, places = #repeated, {}, {}
for index, value in ipairs(read(P .. 'messages', ids)) do
  local id, fields = ids[index], value and meta_of(value)
  if fields and fields[10] ~= cjson.null and fields[11] ~= cjson.null and tracked(fields[10]) then
    staying[#staying + 1] = id
    if scores[id] then
      places[#places + 1] = scores[id]
      places[#places + 1] = id
    end
  elseif value then
    end_unstarted(id, value, reason, now)
    count = count + 1
  end
end
if #places > 0 then
  waiting.again(queue, places)
end
return { count, staying }
