-- One step. given: {now, most | false, all, names, expected, records, counts, messages, fires | false, {name, record,
-- ...}, special, asides, beginnings}. Each item has a place in the columns names, expected (false: no record yet), records and
-- counts (of its messages; those lie in columns themselves, and `fires` beside them). `special`: {place, version, fingerprint,
-- flags, ranges, closes | false, cursor, overlap} of items that do more than fire; flags: takes_in 1, notice 2, refused 4,
-- removed 8, of a row 16; overlap: false, or {held | false, releases, cancels, rests on | false, timed out | false}, ids but for the
-- cancels' {id, why}. `beginnings`: the versions of rows that are taken in, in columns {places, numbers, tenures, sinces}, as
-- a million rows have their first fire some day; an item that only fires besides is not special. `all`: every emitted
-- fire goes on record.
-- Answers "all" where every item was stored as it was; else in MessagePack 1 for such an item, for others {code,
-- record | false, repeated ids}; code 1: stored, 0: the record is another one, 2: the version is not held, 3: refused,
-- 4: what it rests on is gone.
local now, most, all, names, expected, records = unpack(given, 1, 6)
local counts, sent, fires, record_pairs, special, asides, beginnings = unpack(given, 7, 13)
local ids, queues = sent[1], sent[2]

-- Reading.
local found = {}
for index, record in ipairs(read(P .. 'records', names)) do
  found[names[index]] = record
end
local known_ids, any_known = known(ids, all)
local more, noticing, disposing = {}, false, all and #ids > 0
local versions, entering = {}, {}
local rests, releasing, overlaps = {}, {}, false
for _, each in ipairs(special) do
  local place = each[1]
  more[place] = each
  if each[4] < 16 then
    each.at = #entering + 1
    entering[each.at] = names[place]
    versions[each.at] = names[place] .. '\0' .. each[2]
  end
  noticing = noticing or each[4] % 4 >= 2
  disposing = disposing or each[6] or #each[5] > 0
  local overlap = each[8]
  if overlap then
    overlaps = true
    rests[#rests + 1] = overlap[4] or nil
    for _, id in ipairs(overlap[2]) do
      releasing[#releasing + 1] = id
    end
    for _, cancel in ipairs(overlap[3]) do
      check_revoking(cancel[1])
    end
  end
end
local held, lines = read(P .. 'definitions', versions), read(P .. 'lines', entering)
for _, each in ipairs(special) do
  if each.at then
    each.held, each.line = held[each.at], lines[each.at]
  end
end
redis.call('ZCARD', P .. 'tombstones')
local mark = noticing and next_mark(now)
if overlaps then
  check_results()
  check_held(releasing)
  redis.call('SCARD', P .. 'timed_out')
end
local alive = unfinished(rests)
if #ids > 0 then
  check_queues(set_of(queues))
end
if disposing then
  check_fires()
  for _, name in ipairs(names) do
    redis.call('ZCARD', P .. 'fires:of:' .. name)
  end
end
if #asides > 0 then
  check_asides(asides)
end
if #beginnings[1] > 0 then
  check_beginnings()
end

-- A first record begins with the first definition of its name: whoever knows only later ones has read them while there
-- was a record, which a store that went back has lost.
local function is_first(line, version)
  for number, removed in string.gmatch(line or '', ' (%d+):%d+(%-?)') do
    if removed == '' then
      return number == version
    end
  end
  return false
end

local function refusal(place, each)
  if each[4] >= 16 then
    -- Its table alone can tell whether there is such a version, and which was the first.
    return each[4] % 8 >= 4 and 3 or nil
  elseif not expected[place] and not is_first(each.line, each[2]) then
    return 2
  elseif each[4] % 2 == 1 and not (each.held and string.match(each.held, '^.(%d+)') == each[3]) then
    return 2
  end
  return each[4] % 8 >= 4 and 3 or nil
end

-- Judging; what is to be written is gathered.
local answers, noticed, buried, revived, ranges = {}, {}, {}, {}, {}
local holding, releases, cancels, timed_out = overlaps and {}, {}, {}, {}
local wanted, all_stored, last = {}, true, 0
for place, name in ipairs(names) do
  local record, each, answer = found[name], more[place], 1
  if (record and string.match(record, '^%d+') or false) ~= expected[place] then
    answer = { 0 }
  elseif each and refusal(place, each) then
    answer = { refusal(place, each) }
  elseif each and each[8] and each[8][4] and not alive[each[8][4]] then
    answer = { 4 }
  else
    found[name] = records[place]
    if any_known then
      local repeated = {}
      for index = last + 1, last + counts[place] do
        if known_ids[ids[index]] then
          repeated[#repeated + 1] = ids[index]
        else
          known_ids[ids[index]] = true
          wanted[index] = true
        end
      end
      if #repeated > 0 then
        answer = { 1, false, repeated }
      end
    else
      for index = last + 1, last + counts[place] do
        wanted[index] = true
      end
    end
    if overlaps then
      for index = last + 1, last + counts[place] do
        alive[ids[index]] = true
      end
    end
    if each then
      local overlap = each[8]
      if overlap then
        holding[overlap[1]] = true
        for _, id in ipairs(overlap[2]) do
          releases[#releases + 1] = id
        end
        for _, cancel in ipairs(overlap[3]) do
          cancels[#cancels + 1] = cancel
        end
        timed_out[#timed_out + 1] = overlap[5] or nil
      end
      if each[4] % 4 >= 2 then
        noticed[#noticed + 1] = mark
        noticed[#noticed + 1] = name
      end
      if each[4] % 16 >= 8 then
        buried[#buried + 1] = each[7]
        buried[#buried + 1] = name
      elseif each[4] % 2 == 1 then
        revived[#revived + 1] = name
      end
      if each[6] then
        ranges[#ranges + 1] = { close_range, each[6] }
      end
      for _, range in ipairs(each[5]) do
        ranges[#ranges + 1] = { add_range, range }
      end
    end
  end
  answers[place] = answer
  all_stored = all_stored and answer == 1
  last = last + counts[place]
end

local begun = { {}, {}, {}, {} }
for index, place in ipairs(beginnings[1]) do
  if answers[place] == 1 or answers[place][1] == 1 then
    local last = #begun[1] + 1
    begun[1][last] = names[place]
    for column = 2, 4 do
      begun[column][last] = beginnings[column][index]
    end
    if not more[place] then
      revived[#revived + 1] = names[place]
    end
  end
end

-- Writing. Where nothing was lost, the columns are written as they came.
local fired = 0
if not all_stored then
  record_pairs = {}
  for place, name in ipairs(names) do
    if answers[place] == 1 or answers[place][1] == 1 then
      record_pairs[#record_pairs + 1] = name
      record_pairs[#record_pairs + 1] = records[place]
    end
  end
end
write('HSET', P .. 'records', record_pairs)
write('ZADD', P .. 'noticed', noticed)
write('ZREM', P .. 'tombstones', revived)
write('ZADD', P .. 'tombstones', buried)
insert(all_stored and sent or picked(sent, wanted), now, holding)
if fires then
  local kept = {}
  for index in ipairs(ids) do
    if wanted[index] then
      kept[#kept + 1] = fires[index]
    end
  end
  add_fires(kept)
  fired = #kept
end
for _, range in ipairs(ranges) do
  range[1](range[2])
end
if overlaps then
  release(releases, now)
end
for _, cancel in ipairs(cancels) do
  local value, state = revocable(cancel[1])
  if state == 'c' then
    mark_revoked(cancel[1], 2)
  elseif value then
    end_unstarted(cancel[1], value, cancel[2], now)
  end
end
for _, id in ipairs(timed_out) do
  if redis.call('HEXISTS', P .. 'fires', id) == 1 then
    redis.call('SADD', P .. 'timed_out', id)
  end
end
for _, aside in ipairs(asides) do
  local answer = answers[aside[1]]
  if answer == 1 or answer[1] == 1 then
    keep_aside(aside, now)
  end
end
begin_rows(unpack(begun))
if most and fired + #ranges > 0 then
  trim_fires(most, fired + #ranges)
end

if all_stored then
  return 'all'
end
for place, answer in ipairs(answers) do
  if answer ~= 1 and answer[1] ~= 1 then
    answer[2] = found[names[place]]
  end
end
return cmsgpack.pack(answers)
