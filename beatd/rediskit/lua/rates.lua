-- Rates: `rates` task -> "NEXT LATE TAIL", the moments of core/limits/rate.py, whose `turn` this is. What waits for its
-- turn lies in `delayed`, and its nonce in `taken` ends in TURN: also when it is claimed, and after it is given back.

local TURN = 'T'
local HORIZON = 600000000
local lines, moved = {}, {}

local function check_rates()
  redis.call('HLEN', P .. 'rates')
end

local function task_of(value)
  return string.match(value, '^%d+ %d+ %["([^"\\]*)"') or meta_of(value)[1]
end

local function line_of(task)
  local line = lines[task]
  if not line then
    local next_at, late_at, tail_at = string.match(redis.call('HGET', P .. 'rates', task) or '0 0 0', '(%d+) (%d+) (%d+)')
    line = { tonumber(next_at), tonumber(late_at), tonumber(tail_at) }
    lines[task] = line
  end
  return line
end

-- Takes a token and returns nil, or returns the moment of the message's turn. rate: {interval, tolerance}.
local function turn(task, rate, now, waited)
  local line = line_of(task)
  local interval, free_at, last = rate[1], line[1] - rate[2], math.max(line[2], line[3])
  local at, place
  if free_at <= now and (waited or last <= now) then
    line[1] = math.max(line[1], now) + interval
  elseif waited then
    at, place = math.max(line[2] + interval, free_at), 2
  else
    at, place = math.max(last + interval, free_at), 3
  end
  if at then
    at = math.min(at, now + HORIZON)
  end
  line[place or 1] = at or line[1]
  moved[task] = line
  return at
end

local function keep_lines()
  local values = {}
  for task, line in pairs(moved) do
    values[#values + 1] = task
    values[#values + 1] = string.format('%.0f %.0f %.0f', line[1], line[2], line[3])
  end
  write('HSET', P .. 'rates', values)
end
