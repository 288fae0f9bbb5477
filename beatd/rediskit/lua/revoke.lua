-- given: {now, id, mark, reason, told}. `mark` 0: one that runs goes on. Returns 1; 0 for a message that is not known, or
-- dead, or goes on; the record that is to be judged first; without `told`, {entry, fire time} where that is needed.
local now, id, mark, reason, told = unpack(given, 1, 5)
check_results()
check_revoking(id)
local value, state = revocable(id)
if not value then
  return 0
end
if state == 'c' then
  mark_revoked(id, mark)
  return math.min(mark, 1)
end
local fields = meta_of(value)
if not told and fields[10] ~= cjson.null and fields[11] ~= cjson.null and tracked(fields[10]) then
  return { fields[10], text(fields[11]) }
end
local record = unjudged(told)
if record then
  return record
end
check_told(told)
end_unstarted(id, value, reason, now)
tell(told, now)
return 1
