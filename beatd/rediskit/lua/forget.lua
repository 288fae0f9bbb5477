-- given: {ids | false, before, limit}. Returns how many outcomes were deleted.
check_results()
local ids = given[1] or redis.call('ZRANGEBYSCORE', P .. 'finished', '-inf', '(' .. text(given[2]), 'LIMIT', 0, given[3])
return drop_results(ids)
