-- Writes notes of the payment process (held blocks, held payees, suspected orphans, a block's confirmations). Moves no money.
-- KEYS: 1 lease, 2 hash of the notes, or a block's facts
-- ARGV: 1 epoch, then pairs field, text ('' deletes the field)
-- Returns 'ok' | 'fenced'.
-- Errors, nothing written: WRONGTYPE.
-- include checks.lua
local err = wrongTypes({ KEYS[1], 'hash', KEYS[2], 'hash' })
if err then return err end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'fenced' end
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
return 'ok'
