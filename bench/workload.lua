-- A bit of everything that Lua programs do: calls, sorting, strings, patterns, tables, closures.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end

local function sorted(n)
  local t, x = {}, 12345
  for i = 1, n do x = (x * 1103515245 + 12345) % 2147483648; t[i] = x end
  table.sort(t, function(a, b) return a < b end)
  return t[1]
end

local function formatted(n)
  local parts = {}
  for i = 1, n do parts[#parts + 1] = string.format("%d:%s:%5.2f", i, "x" .. i, i / 3) end
  return #table.concat(parts, ",")
end

local function words(n)
  local text, count = string.rep("the quick brown fox jumps over the lazy dog ", n), {}
  for w in text:gmatch("%a+") do count[w] = (count[w] or 0) + 1 end
  return count["the"]
end

local function closures(n)
  local function counter() local c = 0; return function() c = c + 1; return c end end
  local sum = 0
  for _ = 1, n do local f = counter(); f(); sum = sum + f() end
  return sum
end

print(fib(25), sorted(30000), formatted(30000), words(3000), closures(60000))
