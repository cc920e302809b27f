-- Everything that the books of a coin are made of, as it stands at one instant. Writes nothing.
-- KEYS: 1 balances, 2 open batch, 3 totals, 4 last batch, 5 state
-- ARGV: none
-- Returns five lists field, text, …, in the order of the keys. Errors: WRONGTYPE.
-- include checks.lua
local types = {}
for _, key in ipairs(KEYS) do
  types[#types + 1] = key
  types[#types + 1] = 'hash'
end
local err = wrongTypes(types)
if err then return err end
local books = {}
for _, key in ipairs(KEYS) do books[#books + 1] = redis.call('HGETALL', key) end
return books
