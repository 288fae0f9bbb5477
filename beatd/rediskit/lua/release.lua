-- given: {owner, ids | false, forgiven, before | false}
local owner, only, forgiven, before = unpack(given, 1, 4)
local highest = before and '(' .. text(before) or '+inf'
local held = redis.call('ZRANGEBYSCORE', P .. 'owner:' .. owner, '-inf', highest)
if only then
  local wanted, found = {}, {}
  for _, id in ipairs(only) do
    wanted[id] = true
  end
  for _, id in ipairs(held) do
    if wanted[id] then
      found[#found + 1] = id
    end
  end
  held = found
end
return put_back(held, forgiven)
