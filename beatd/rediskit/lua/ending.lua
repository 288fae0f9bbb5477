-- What a message's end does to the record of its entry. told: {entry, the seq of the record that was judged | false, the
-- record after it | false where it changes nothing, ids to release, ranges}; false where no entry is to be told.

-- The record as it is, where it has not been judged yet: nothing is to be done before that.
local function unjudged(told)
  if told and not told[2] then
    return tracked(told[1]) or nil
  end
  local record = told and redis.call('HGET', P .. 'records', told[1])
  if record and seq_of(record) ~= told[2] then
    return record
  end
end

local function check_told(told)
  if told and told[3] then
    redis.call('ZCARD', P .. 'noticed')
    check_held(told[4])
    if #told[5] > 0 then
      check_fires()
      redis.call('ZCARD', P .. 'fires:of:' .. told[1])
    end
  end
end

local function tell(told, now)
  if told and told[3] and redis.call('HEXISTS', P .. 'records', told[1]) == 1 then
    redis.call('ZADD', P .. 'noticed', text(next_mark(now)), told[1])
    redis.call('HSET', P .. 'records', told[1], told[3])
    release(told[4], now)
    for _, range in ipairs(told[5]) do
      add_range(range)
    end
  end
end
