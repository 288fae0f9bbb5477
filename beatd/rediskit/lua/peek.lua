-- given: {ids}. For each: {task, taken, outcome, note, reason, "1" where held, "1" where timed out}, "" for none.
local found = {}
local values, deliveries = read(P .. 'messages', given[1]), read(P .. 'taken', given[1])
local results, notes, reasons = read(P .. 'results', given[1]), read(P .. 'notes', given[1]), read(P .. 'reasons', given[1])
local held = read(P .. 'held', given[1])
for index, id in ipairs(given[1]) do
  local value = values[index]
  local task = value and meta_of(value)[1]
  local told = { task or '', deliveries[index] or '', results[index] or '', notes[index] or '', reasons[index] or '' }
  told[6] = held[index] and '1' or ''
  told[7] = redis.call('SISMEMBER', P .. 'timed_out', id) == 1 and '1' or ''
  found[index] = told
end
return found
