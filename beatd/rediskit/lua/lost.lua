-- Of these names, or of a page of all, those whose record's version the store does not hold; of a row's it holds the
-- tenure. given: {names | false, cursor,
-- how many}. Returns {next cursor, {name, version, number of its newest version | "", that one's content | "", ...}}.
local names, values, following = given[1], nil, '0'
if names then
  values = read(P .. 'records', names)
else
  local page = redis.call('HSCAN', P .. 'records', given[2], 'COUNT', given[3])
  names, values, following = {}, {}, page[1]
  for index = 1, #page[2], 2 do
    names[#names + 1] = page[2][index]
    values[#values + 1] = page[2][index + 1]
  end
end
local fields, fingerprints, found = {}, {}, {}
for index, name in ipairs(names) do
  local version, fingerprint = string.match(values[index] or '', '^%d+ (%d+) %d %-?%d+ %[%d+,(%d+)')
  fields[index] = name .. '\0' .. (version or '')
  fingerprints[index] = fingerprint or false
end
local begun = read(P .. 'begun', names)
local function is_held(index, content)
  if content and string.match(content, '^.(%d+)') == fingerprints[index] then
    return true
  end
  local number = string.match(fields[index], '%z(%d+)$')
  local of = begun[index] and string.match(begun[index], ' ' .. number .. ':%d+:%-?%d+:(%d+)')
  return of == fingerprints[index]
end

for index, content in ipairs(read(P .. 'definitions', fields)) do
  local name, fingerprint = names[index], fingerprints[index]
  if fingerprint and not is_held(index, content) then
    local line = redis.call('HGET', P .. 'lines', name)
    local newest = line and string.match(line, '(%d+):%d+%-?$')
    found[#found + 1] = name
    found[#found + 1] = string.match(fields[index], '%z(%d+)$')
    found[#found + 1] = newest or ''
    found[#found + 1] = newest and redis.call('HGET', P .. 'definitions', name .. '\0' .. newest) or ''
  end
end
return { following, found }
