-- The namespace's own: `state`, made once; `scheduler:HOLDER` with `schedulers` by when it was last seen and `live` by
-- the end of its lease; `leases` part -> "UNTIL HOLDER".

local FORMAT = '1' -- of everything here; an older beatd refuses a newer one

-- made: {id, {field, value, …}}: the layout of messages, and the versions of libraries
local function install(now, made)
  local key = P .. 'state'
  if redis.call('HSETNX', key, 'id', made[1]) == 1 then
    redis.call('HSET', key, 'format', FORMAT, 'since', text(now), 'revision', '0', 'digest', '')
    write('HSET', key, made[2])
  end
  return redis.call('HMGET', key, 'id', 'since', 'revision', 'digest', 'rolled_back_at', 'replaces')
end

local function check_state()
  for _, key in ipairs({ 'state', 'leases', 'revisions' }) do
    redis.call('HLEN', P .. key)
  end
  redis.call('ZCARD', P .. 'schedulers')
  redis.call('ZCARD', P .. 'live')
end

-- who: {holder, host, pid}
local function note_scheduler(who, now, fields)
  local key = P .. 'scheduler:' .. who[1]
  redis.call('HSETNX', key, 'started_at', text(now))
  redis.call('HSETNX', key, 'expires_at', '0')
  redis.call('HSETNX', key, 'stopped', '0')
  redis.call('HSET', key, 'host', who[2], 'pid', who[3], 'seen_at', text(now), unpack(fields))
  redis.call('ZADD', P .. 'schedulers', text(now), who[1])
end
