-- given: {ids}. For each: {task, taken, outcome, note, reason}, "" for none.
local found = {}
local values, deliveries = read(P .. 'messages', given[1]), read(P .. 'taken', given[1])
local results, notes, reasons = read(P .. 'results', given[1]), read(P .. 'notes', given[1]), read(P .. 'reasons', given[1])
for index in ipairs(given[1]) do
  local value = values[index]
  local task = value and meta_of(value)[1]
  found[index] = { task or '', deliveries[index] or '', results[index] or '', notes[index] or '', reasons[index] or '' }
end
return found
