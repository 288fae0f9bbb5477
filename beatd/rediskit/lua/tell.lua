-- Tells a record of the end of a message that nobody told. given: {now, told}. Returns 1, or the record that is to be
-- judged first.
local now, told = given[1], given[2]
local record = unjudged(told)
if record then
  return record
end
check_told(told)
tell(told, now)
return 1
