-- given: {now, messages, fires | false}; a fire: {entry, id, first, value}, for each message or false.
local now, sent, fires = given[1], given[2], given[3]
local new, wanted = unknown(sent, true)
check_queues(set_of(new[2]))
if fires then
  check_fires()
end
insert(new, now)
waiting.sent(new[1])
for index in ipairs(sent[1]) do
  if fires and fires[index] and wanted[index] then
    add_fire(fires[index])
  end
end
return #new[1]
