-- The versions of some names that their records still need. given: {names, newest revision}. Returns {name, number, content,
-- ...} in MessagePack, which is read faster than as many answers of the protocol.
local names, newest = unpack(given, 1, 2)
local lines, records = read(P .. 'lines', names), read(P .. 'records', names)
local fields, found = {}, {}
for index, name in ipairs(names) do
  local version, flags = string.match(records[index] or '', '^%d+ (%d+) (%d+)')
  -- Of a name that a table has removed the set may have something below, to be numbered anew.
  local oldest = version and flags % 2 == 0 and tonumber(version) or 0
  for number in string.gmatch(lines[index] or '', ' (%d+):') do
    local of = tonumber(number)
    if of <= newest and of >= oldest then
      fields[#fields + 1] = name .. '\0' .. number
      found[#found + 1] = name
      found[#found + 1] = number
      found[#found + 1] = false
    end
  end
end
for index, content in ipairs(read(P .. 'definitions', fields)) do
  found[3 * index] = content or ''
end
return cmsgpack.pack(found)
