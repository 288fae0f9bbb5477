-- Renews a scheduler's lease and shares the parts. given: {now, ttl, {holder, host, pid}, started_at | false,
-- revision, status, parts, {id, libraries}}. Returns {installation, schedulers live, parts}.
local now, ttl, who, started_at, revision, status, all = unpack(given, 1, 7)
local holder = who[1]
local me = P .. 'scheduler:' .. holder
check_state()
local former = redis.call('HMGET', me, 'expires_at', 'joined_at', 'stopped')
local installation = install(now, given[8])

local joined = now
if former[2] and former[3] ~= '1' and tonumber(former[1]) > now then
  joined = tonumber(former[2])
end
if started_at then
  redis.call('HSETNX', me, 'started_at', text(started_at))
end
redis.call('HSETNX', me, 'revision', text(revision))
note_scheduler(who, now, { 'expires_at', text(now + ttl), 'joined_at', text(joined), 'stopped', '0', 'status', status })
redis.call('ZADD', P .. 'live', text(now + ttl), holder)
redis.call('ZREMRANGEBYSCORE', P .. 'live', '-inf', text(now))

-- A fresh one waits one ttl for its share, so that one that comes and goes moves nothing; where all are fresh, the
-- first of them is not.
local live, sharers = redis.call('ZRANGE', P .. 'live', 0, -1), 0
local first, first_joined
local shares = {}
for _, each in ipairs(live) do
  local since = tonumber(redis.call('HGET', P .. 'scheduler:' .. each, 'joined_at') or now)
  if now - since >= ttl then
    shares[each] = true
    sharers = sharers + 1
  end
  if not first or since < first_joined or (since == first_joined and each < first) then
    first, first_joined = each, since
  end
end
if sharers == 0 then
  shares[first] = true
  sharers = 1
end
local share = shares[holder] and math.ceil(all / sharers) or 0

local parts, free, changed = {}, {}, {}
for part = 0, all - 1 do
  local lease = redis.call('HGET', P .. 'leases', part)
  local until_, of = '0', ''
  if lease then
    until_, of = string.match(lease, '^(%d+) (.*)$')
  end
  if of == holder and tonumber(until_) > now and #parts < share then
    parts[#parts + 1] = part
  elseif of == holder or tonumber(until_) <= now then
    free[#free + 1] = part
  end
end
for _, part in ipairs(free) do
  if #parts < share then
    parts[#parts + 1] = part
  elseif redis.call('HEXISTS', P .. 'leases', part) == 1 then
    redis.call('HDEL', P .. 'leases', part)
  end
end
for _, part in ipairs(parts) do
  changed[#changed + 1] = part
  changed[#changed + 1] = text(now + ttl) .. ' ' .. holder
end
write('HSET', P .. 'leases', changed)
return { installation, #live, parts }
