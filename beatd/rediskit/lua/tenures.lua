-- The versions of a name that were taken in. given: {name}. Returns {{number, content, "GENERATION SINCE", ...} of the set,
-- those of a row as `begun` has them}.
local name = given[1]
local fields, numbers, found = {}, {}, {}
for number in string.gmatch(redis.call('HGET', P .. 'lines', name) or '', ' (%d+):') do
  numbers[#numbers + 1] = number
  fields[#fields + 1] = name .. '\0' .. number
end
local tenures, contents = read(P .. 'tenures', fields), read(P .. 'definitions', fields)
for index, number in ipairs(numbers) do
  if tenures[index] and contents[index] then
    found[#found + 1] = number
    found[#found + 1] = contents[index]
    found[#found + 1] = tenures[index]
  end
end
return { found, redis.call('HGET', P .. 'begun', name) or '' }
