-- Begins a backfill, or finds the unfinished one of the same entry, span and manner. `backfills` field -> "ID CURSOR
-- EMITTED STRIDE MORE": the last stride, and how many messages it sent. given: {field, id, cursor}. Returns the value.
redis.call('HSETNX', P .. 'backfills', given[1], given[2] .. ' ' .. given[3] .. ' 0 - 0')
return redis.call('HGET', P .. 'backfills', given[1])
