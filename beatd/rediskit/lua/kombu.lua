-- kombu's layout of what is ready: for each queue a list for each step of levels, 0 first, whose items are envelopes.
-- ARGV[2]: what kombu's own keys begin with; ARGV[3]: the steps; ARGV[4]: what keys of results begin with, ARGV[5]: for
-- how many milliseconds they are kept.
--
-- What is in beatd's hands (claimed, delayed, dead) lies in `messages` as "PLACE EXPIRES [TASK,QUEUE,ID,...]\nENVELOPE",
-- PLACE being 9 - level, with nothing in place of the rest of META: no record is to be told of an end. An envelope goes back as the very text that it came as. `taken` outlives that by a day: it counts the
-- attempts; `returned` tells since when. `sent:PERIOD` holds ids sent lately, so that a repeated request sends nothing.

local SEP = '\6\22'
local GLOBAL, STEPS, RESULTS, RESULTS_LAST = ARGV[2], {}, ARGV[4], tonumber(ARGV[5])
for step in string.gmatch(ARGV[3], '%d+') do
  STEPS[#STEPS + 1] = tonumber(step)
end
local NOTHING = {}
for index = 1, 8 do
  NOTHING[index] = cjson.null
end
local POPS = 2000 -- in one claim, of which many may be delayed
local SENT_SECONDS = 300
local ATTEMPTS_SECONDS = 86400

local function seconds()
  return tonumber(redis.call('TIME')[1])
end

local function list_of(queue, level)
  local step = STEPS[1]
  for _, each in ipairs(STEPS) do
    step = each <= level and each or step
  end
  return step == 0 and GLOBAL .. queue or GLOBAL .. queue .. SEP .. text(step)
end

local function envelope_of(value)
  return string.sub(value, string.find(value, '\n', 1, true) + 1)
end

local function level_of(value)
  return 9 - tonumber(string.match(value, '^%d'))
end

local function day_of(year, month, day)
  -- Days since 1970 in the civil calendar, by years that begin in March.
  local moved = month <= 2 and year - 1 or year
  local of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return 365 * moved + math.floor(moved / 4) - math.floor(moved / 100) + math.floor(moved / 400) + of_year - 719468
end

-- Microseconds of an ISO 8601 moment, in UTC where it has no zone; nil for what is none, and is told elsewhere.
local function moment_of(told)
  local form = '^(%d%d%d%d)%-(%d%d)%-(%d%d)[T ](%d%d):(%d%d):(%d%d)(.*)$'
  local year, month, day, hour, minute, second, rest = string.match(type(told) == 'string' and told or '', form)
  local fraction, zone = string.match(rest or '', '^%.?(%d*)(.*)$')
  local sign, hours, minutes = string.match(zone or '', '^([+-])(%d%d):?(%d%d)$')
  if not year or not (sign or zone == '' or zone == 'Z') then
    return nil
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local of_day, offset = hour * 60 + minute, sign and (hours * 60 + minutes) * (sign == '-' and -1 or 1) or 0
  local first, next_first = day_of(year, month, 1), day_of(month == 12 and year + 1 or year, month % 12 + 1, 1)
  if month < 1 or month > 12 or day < 1 or day > next_first - first or of_day >= 1440 or second + 0 > 59 then
    return nil
  end
  local micros = tonumber(string.sub(fraction .. '000000', 1, 6))
  return (((first + day - 1) * 1440 + of_day - offset) * 60 + second) * 1000000 + micros
end

local function push(command, queue, values)
  local lists = {}
  for _, value in ipairs(values) do
    local key = list_of(queue, level_of(value))
    lists[key] = lists[key] or {}
    lists[key][#lists[key] + 1] = envelope_of(value)
  end
  for key, envelopes in pairs(lists) do
    write(command, key, envelopes)
  end
end

-- As kombu binds a queue to the exchange of its name, and keeps it from its own sweep.
local function bind(queue)
  local member = queue .. SEP .. SEP .. queue
  redis.call('SADD', GLOBAL .. '_kombu.binding.' .. queue, member)
  redis.call('SADD', GLOBAL .. '_kombu.binding_permanent.' .. queue, member)
  redis.call('SADD', P .. 'queues', queue)
end

local function sent_at(period)
  return 'sent:' .. text(period)
end
local period = math.floor(seconds() / SENT_SECONDS)
KNOWN[#KNOWN + 1] = sent_at(period)
KNOWN[#KNOWN + 1] = sent_at(period - 1)

function waiting.sent(ids)
  local marks = {}
  for _, id in ipairs(ids) do
    marks[#marks + 1] = id
    marks[#marks + 1] = '1'
  end
  write('HSET', P .. sent_at(period), marks)
  redis.call('EXPIRE', P .. sent_at(period), 2 * SENT_SECONDS)
end

function waiting.check(queue)
  for _, step in ipairs(STEPS) do
    redis.call('LLEN', list_of(queue, step))
  end
  redis.call('SCARD', GLOBAL .. '_kombu.binding.' .. queue)
  redis.call('SCARD', GLOBAL .. '_kombu.binding_permanent.' .. queue)
  redis.call('ZCARD', P .. 'returned')
  redis.call('HLEN', P .. sent_at(period))
end

function waiting.insert(sent)
  local queues, by_queue = sent[2], {}
  for index, queue in ipairs(queues) do
    by_queue[queue] = by_queue[queue] or {}
    table.insert(by_queue[queue], sent[5][2 * index])
  end
  for queue, values in pairs(by_queue) do
    bind(queue)
    push('LPUSH', queue, values)
    wake(queue, #values)
  end
end

-- What was attempted and then run by another program is forgotten, a few with each that goes back.
local function forget_returned()
  local old = redis.call('ZRANGEBYSCORE', P .. 'returned', '-inf', seconds() - ATTEMPTS_SECONDS, 'LIMIT', 0, 4)
  for _, id in ipairs(old) do
    redis.call('ZREM', P .. 'returned', id)
    if redis.call('HEXISTS', P .. 'messages', id) == 0 then
      redis.call('HDEL', P .. 'taken', id)
      redis.call('HDEL', P .. 'revoked', id)
    end
  end
end

function waiting.again(queue, places)
  local order = {}
  for index = 1, #places, 2 do
    order[#order + 1] = { tonumber(places[index]), places[index + 1] }
  end
  -- The other end of a list is the one that is taken from: the oldest goes there last.
  table.sort(order, function(one, other)
    return one[1] > other[1]
  end)
  local ids, ages = {}, {}
  for index, each in ipairs(order) do
    ids[index] = each[2]
    ages[2 * index - 1] = seconds()
    ages[2 * index] = each[2]
  end
  push('RPUSH', queue, read(P .. 'messages', ids))
  write('HDEL', P .. 'messages', ids)
  forget_returned()
  write('ZADD', P .. 'returned', ages)
end

function waiting.promote(queue, now)
  local due = redis.call('ZRANGEBYSCORE', P .. 'delayed:' .. queue, '-inf', now, 'LIMIT', 0, AT_ONCE)
  if #due > 0 then
    local turns, others = by_turns(due)
    push('LPUSH', queue, read(P .. 'messages', others))
    write('HDEL', P .. 'messages', others)
    if #turns > 0 then
      waiting.again(queue, turns)
    end
    write('ZREM', P .. 'delayed:' .. queue, due)
  end
end

-- Takes one envelope into beatd's hands; the id where it may run now. Values that are not as they should be count as
-- absent: who reads the envelope tells what is wrong with it.
local function take_in(raw, queue, place, now, ended)
  local read_, envelope = pcall(cjson.decode, raw)
  local headers = read_ and type(envelope) == 'table' and envelope.headers
  headers = type(headers) == 'table' and headers or {}
  local id, task = headers.id, type(headers.task) == 'string' and headers.task or ''
  if type(id) ~= 'string' or id == '' or #id > 255 then
    id = 'unreadable-' .. redis.sha1hex(raw)
  end
  local due, expires = moment_of(headers.eta) or 0, math.max(0, moment_of(headers.expires) or 0)
  local value = text(place) .. ' ' .. text(expires) .. ' ' .. cjson.encode({ task, queue, id, unpack(NOTHING) }) .. '\n' .. raw

  if redis.call('HEXISTS', P .. 'messages', id) == 1 then
    local delivery = redis.call('HGET', P .. 'taken', id)
    local state, _, _, _, _, _, of_queue = taken_of(delivery or '')
    if state ~= 'x' then
      ended[#ended + 1] = 'r 1 1 repeated while the same id is in hand\n' .. value
      return nil
    end
    -- Someone sent a dead letter anew.
    redis.call('ZREM', P .. 'dead:' .. of_queue, id)
    redis.call('HDEL', P .. 'taken', id)
    redis.call('HDEL', P .. 'reasons', id)
  end
  redis.call('HSET', P .. 'messages', id, value)
  redis.call('ZREM', P .. 'returned', id)
  if due > now then
    redis.call('ZADD', P .. 'delayed:' .. queue, due, id)
    return nil
  end
  return id
end

function waiting.best(queues, count, now, ended)
  local found, pops = {}, POPS
  local seq = next_seq(POPS)
  for _, step in ipairs(STEPS) do
    for index = 1, #queues do
      -- Another queue is the first each time, or one that is never empty would be the only one.
      local queue = queues[(index + math.floor(seq / POPS)) % #queues + 1]
      local key, more = list_of(queue, step), true
      while more and #found < count and pops > 0 do
        local raws = redis.call('RPOP', key, math.min(count - #found, pops)) or {}
        more = #raws > 0
        for _, raw in ipairs(raws) do
          pops = pops - 1
          local id = take_in(raw, queue, 9 - step, now, ended)
          if id then
            found[#found + 1] = { id, queue, text(seq + POPS - pops) }
          end
        end
      end
    end
  end
  if pops < POPS then
    for _, queue in ipairs(queues) do
      bind(queue)
    end
  end
  return found
end

function waiting.any(queue)
  for _, step in ipairs(STEPS) do
    if redis.call('LLEN', list_of(queue, step)) > 0 then
      return true
    end
  end
  return false
end

function waiting.size(queue)
  local size = 0
  for _, step in ipairs(STEPS) do
    size = size + redis.call('LLEN', list_of(queue, step))
  end
  return size
end

-- What waits in a list cannot be found by its id.
function waiting.drop() end

-- Where a client of Celery looks.
function waiting.not_run(id, state, reason)
  local kind, module = 'TaskRevokedError', 'celery.exceptions'
  if state == 'FAILURE' then
    kind, module = 'WorkerLostError', 'billiard.exceptions'
  end
  local told = '{"exc_type":"' .. kind .. '","exc_message":[' .. cjson.encode(reason) .. '],"exc_module":"' .. module .. '"}'
  local meta = '{"status":"' .. state .. '","result":' .. told .. ',"traceback":null,"children":[],"date_done":null,"task_id":'
  local key, value = RESULTS .. id, meta .. cjson.encode(id) .. '}'
  redis.call('SET', key, value, 'PX', RESULTS_LAST)
  redis.call('PUBLISH', key, value)
end
