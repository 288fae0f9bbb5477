-- A page of the history, the newest first. given: {entry | false, since | false, until | false, {moment, id} | false,
-- limit}; the page begins behind the row of that id. Returns {id, value, ...}; "" for what was deleted meanwhile.
local entry, since, until_, behind, limit = unpack(given, 1, 5)
local key = P .. 'fires:' .. (entry and 'of:' .. entry or 'all')
local place = until_ and redis.call('ZCOUNT', key, text(until_), '+inf') or 0
if behind then
  local rank = redis.call('ZREVRANK', key, behind[2])
  if rank then
    place = math.max(place, rank + 1)
  else
    -- That row was deleted: behind it are the lower ids of its moment, then what is older.
    place = math.max(place, redis.call('ZCOUNT', key, '(' .. behind[1], '+inf'))
    local moment = tonumber(behind[1])
    while true do
      local found = redis.call('ZREVRANGE', key, place, place, 'WITHSCORES')
      if #found == 0 or tonumber(found[2]) ~= moment or found[1] < behind[2] then
        break
      end
      place = place + 1
    end
  end
end
local rows = redis.call('ZREVRANGE', key, place, place + limit - 1, 'WITHSCORES')
local ids, found = {}, {}
for index = 1, #rows, 2 do
  if since and tonumber(rows[index + 1]) < since then
    break
  end
  ids[#ids + 1] = rows[index]
end
for index, value in ipairs(read(P .. 'fires', ids)) do
  found[#found + 1] = ids[index]
  found[#found + 1] = value or ''
end
return found
