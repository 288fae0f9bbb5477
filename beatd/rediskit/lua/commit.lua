-- Ends applying a set, and with `digest` makes it the current one. given: {token, revision, digest | false, first
-- applied at}. Returns 0, and does nothing, where another one applies by now.
local token, revision, digest, first = unpack(given, 1, 4)
check_state()
if redis.call('GET', P .. 'applying') ~= token then
  return 0
end
if digest then
  redis.call('HSET', P .. 'revisions', digest, text(first))
  redis.call('HSET', P .. 'state', 'revision', text(revision), 'digest', digest)
end
redis.call('DEL', P .. 'applying')
return 1
