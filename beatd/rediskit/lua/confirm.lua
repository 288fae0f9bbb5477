-- Puts a namespace's state in place of others. given: {now, {id, fields}, id, since, replaced ids}.
-- Returns the state.
local now, made, id, since, replaced = unpack(given, 1, 5)
check_state()
local state = install(now, made)
if state[1] ~= id then
  local ids = set_of(replaced)
  ids[state[1]] = true
  for _, each in ipairs(state[6] and cjson.decode(state[6]) or {}) do
    ids[each] = true
  end
  local all = {}
  for each in pairs(ids) do
    all[#all + 1] = each
  end
  table.sort(all)
  redis.call('HSET', P .. 'state', 'id', id, 'since', text(since), 'replaces', cjson.encode(all))
end
return install(now, made)
