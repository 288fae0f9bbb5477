-- Writes a page of a set that is being applied; nobody reads a version before its revision is current. given: {token,
-- milliseconds, revision, changed at, names, contents}. Returns 0 where another one applies by now.
-- `definitions` "NAME\0NUMBER" -> "+FINGERPRINT JSON" ("-": the name was removed), `versions` the same by number,
-- `lines` name -> "FINGERPRINT NUMBER:CHANGED_AT[-] ..." of all its versions, `several` names with more than one by
-- when their second began.
local token, lasts, revision, changed_at, names, contents = unpack(given, 1, 6)
redis.call('HLEN', P .. 'definitions')
redis.call('ZCARD', P .. 'versions')
redis.call('ZCARD', P .. 'several')
local known_lines, begun = read(P .. 'lines', names), read(P .. 'begun', names)
if redis.call('GET', P .. 'applying') ~= token then
  return 0
end
redis.call('PEXPIRE', P .. 'applying', lasts)
local definitions, versions, lines = {}, {}, {}
local number = text(revision)
for index, name in ipairs(names) do
  local content, line = contents[index], known_lines[index] or ''
  local sign, fingerprint = string.match(content, '^(.)(%d+)')
  local numbers = string.match(line, '^%d+(.*)$') or ''
  -- A page that comes again is there already.
  if not string.find(numbers, ' ' .. number .. ':', 1, true) then
    definitions[#definitions + 1] = name .. '\0' .. number
    definitions[#definitions + 1] = content
    versions[#versions + 1] = number
    versions[#versions + 1] = name .. '\0' .. number
    lines[#lines + 1] = name
    lines[#lines + 1] = fingerprint .. numbers .. ' ' .. number .. ':' .. text(changed_at) .. (sign == '-' and '-' or '')
    if numbers ~= '' or begun[index] then
      redis.call('ZADD', P .. 'several', 'NX', changed_at, name)
    end
  end
end
write('HSET', P .. 'definitions', definitions)
write('ZADD', P .. 'versions', versions)
write('HSET', P .. 'lines', lines)
return 1
