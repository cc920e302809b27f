-- Reads a slice of the hashrate set as one text: ten thousands of members cost little more than one.
-- KEYS: 1 hashrate
-- ARGV: 1 first unix second, 2 unix second before which the slice ends, 3 most members
-- Returns the members `difficulty:worker:ms`, a line each. Errors: WRONGTYPE. Writes nothing.
return table.concat(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '(' .. ARGV[2], 'LIMIT', 0, ARGV[3]), '\n')
