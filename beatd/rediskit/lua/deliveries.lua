-- Deliveries: `taken` id -> "STATE SCORE ATTEMPT FORGIVEN CLAIMED_AT NONCE\nQUEUE\nOWNER" of what was delivered before;
-- STATE c: claimed, w: waiting again, x: dead; SCORE: its place in the queue. NONCE: of the claim; it ends in a T once the
-- message has waited for a token (rates.lua).

-- state, score, attempt, forgiven, claimed at, nonce, queue, owner
local function taken_of(value)
  local state, score, attempt, forgiven, at, nonce, queue, owner =
    string.match(value, '^(%a) (%d+) (%d+) (%d+) (%d+) (%w*)\n([^\n]*)\n(.*)$')
  return state, score, tonumber(attempt), tonumber(forgiven), at, nonce, queue, owner
end

-- Whether a delivery is this owner's still; its place in the queue, and how many attempts do not count.
local function held_by(owner, attempt, delivery)
  if not delivery then
    return false, '0', 0
  end
  local state, score, of_attempt, forgiven, _, _, _, of_owner = taken_of(delivery)
  return state == 'c' and of_attempt == attempt and of_owner == owner, score, forgiven
end

local function unclaimed(state, score, attempt, forgiven, queue, nonce)
  return string.format('%s %s %d %d 0 %s\n%s\n', state, score, attempt, forgiven, nonce or '', queue)
end

local function forget_message(id)
  redis.call('HDEL', P .. 'messages', id)
  redis.call('HDEL', P .. 'taken', id)
  redis.call('HDEL', P .. 'revoked', id)
end
