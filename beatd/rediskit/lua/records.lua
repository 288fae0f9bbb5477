-- Records: `records` name -> "SEQ VERSION FLAGS CURSOR REST" (FLAGS 1: removed, 2: tracked, which is to be told of the ends
-- of its entry's messages; REST in JSON). `noticed`: names by the mark of the change that schedulers are to notice.

local function seq_of(record)
  return string.match(record, '^%d+')
end

-- The record of an entry, where it is tracked.
local function tracked(name)
  local record = redis.call('HGET', P .. 'records', name)
  return record and string.match(record, '^%d+ %d+ [23]') and record
end

-- Not the clock alone: it may stand still or step back, and a notice must not be passed over.
local function next_mark(now)
  local newest = redis.call('ZREVRANGE', P .. 'noticed', 0, 0, 'WITHSCORES')
  return math.max(now, (tonumber(newest[2]) or 0) + 1)
end
