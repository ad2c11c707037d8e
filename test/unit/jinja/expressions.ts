/** Expressions whose value must be Python's. One a line; the names are those of variables.ts. */
export const expressions: readonly string[] = String.raw`
1
-1
1_000
0x1f
0o17
0b101
1.0
1.50
1e3
1e16
1e15
1.5e-7
0.0001
0.00001
123456789012345678901234567890
'a' 'b'
"it's"
'say "hi"'
'both \' and "'
'tab\tnew\nback\\slash'
'\x41\u00e4'
'\d'
true
False
none
None
[]
[1, 2, ]
[1, [2, 'x'], none, true]
()
(1,)
(1, 2)
{}
{'a': 1, 'b': [1, 2]}
{1: 'one', 'two': 2.0}
{'a': 1, 'a': 2}
1 + 2 * 3
(1 + 2) * 3
7 / 2
6 / 2
7 // 2
-7 // 2
7 // -2
7.5 // 2
-7 % 3
7 % -3
7.5 % 2
-7.5 % 2
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
10 ** 20
10 ** 20 + 1
(10 ** 20) // 7
(10 ** 20) % 7
-(10 ** 20) // 7
10 ** 20 == 1e20
10 ** 20 > 1e19
1 / 0
1 // 0
1 % 0
1.0 % 0
0.1 + 0.2
f * 1e308
-f * 1e308
3 - 5.0
+5
-f
+true
-true
true + true
true * 3
1 + true
'a' + 'b'
'a' + 1
1 + 'a'
[1] + [2]
[1] + (2,)
(1,) + (2,)
'ab' * 3
3 * 'ab'
[0] * 3
'x' * -1
'x' * 1.5
'a' - 'b'
none + 1
'%s and %d' % ('x', 5)
'%s' % 'x'
'%s' % none
'%s' % [1, 2]
'%05d|%-5d|%+d|%x|%X|%o|%#x' % (42, 42, 42, 255, 255, 8, 255)
'%.2f|%8.3f|%-8.1f|%e|%g|%G' % (3.14159, 2.5, 1.25, 12345.678, 0.00001, 1e20)
'%(a)s-%(b)s' % {'a': 1, 'b': 2}
'%%' % ()
'%s %s' % ('one',)
'%s' % ('one', 'two')
'%d' % 'x'
'%5s|%-5s|%.2s' % ('ab', 'ab', 'abc')
'%c' % 'x'
'%r' % 'x'
1 < 2
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 == 1.0
1 == true
0 == false
'1' == 1
'a' < 'b'
'a' < 'B'
'a' < 1
none < 1
none == none
[1, 2] < [1, 3]
[1, 2] == [1, 2]
[1, 2] == (1, 2)
(1, 2) < (1, 2, 3)
{'a': 1} == {'a': 1.0}
1 != 2
'a' in 'abc'
1 in 'abc'
1 in [1, 2]
'a' in d
'q' not in d
1 in 5
'' in 'abc'
not true
not ''
not [] and true
1 and 2
0 and 2
0 or 'x'
'' or [] or 'last'
1 or nope
0 and nope
1 and nope
not nope
yes and no or i
1 if true else 2
1 if false else 2
1 if false else 2 if false else 3
1 if false
(1 if false) is defined
'a' ~ 1 ~ none ~ 2.0 ~ [1] ~ true
1 ~ 2 + 3
'a' ~ 'b' * 2
s[0]
s[-1]
s[100]
s[1:4]
s[:5]
s[6:]
s[::-1]
s[::2]
s[-5:-1]
s[10:2:-2]
list[0]
list[-1]
list[5]
list[1:]
list[::-1]
list[::0]
(1, 2, 3)[1:]
nested[1][1][0]
list.0
nested.1.0
d.a
d['a']
d.b.c[1]
d['x y']
d.q
d.q.r
d['q']
d[0]
s.nope
i.nope
nope
nope.x
u[6]
u | length
''.constructor
s.constructor
s.__class__
list.length
d.size
d.__proto__
d['__proto__']
d.constructor
nothing.x
s.upper()
s.lower()
s.title()
'they\'re bill\'s'.title()
'hello'.capitalize()
s.swapcase()
s.split()
t.split(',')
t.split(',', 1)
t.rsplit(',', 1)
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
'a b'.split('')
''.split()
''.split(',')
','.join(['a', 'b'])
','.join([1, 2])
','.join('abc')
s.replace('l', 'L')
s.replace('l', 'L', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
s.startswith('Hell')
s.startswith(('x', 'H'))
s.startswith('W', 6)
s.endswith('ld')
s.find('o')
s.find('o', 5)
s.find('q')
s.rfind('o')
s.index('W')
s.index('q')
s.count('l')
'aaa'.count('aa')
'abc'.count('')
'  x '.strip()
'xxaxx'.strip('x')
'xyaxy'.lstrip('yx')
'xyaxy'.rstrip('yx')
'ab'.center(7, '*')
'ab'.center(6)
'abc'.center(6)
'ab'.ljust(5, '.')
'ab'.rjust(5)
'-42'.zfill(6)
'42'.zfill(1)
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('-')
'abc'.rpartition('-')
'a\nb\r\nc'.splitlines()
'a\nb\n'.splitlines(true)
'abc'.isalpha()
'abc1'.isalnum()
'12'.isdigit()
''.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
' \t'.isspace()
'Abc Def'.istitle()
'ABC'.isupper()
'AB1'.isupper()
'abc'.islower()
'a1'.isidentifier()
'1a'.isidentifier()
'abc'.isascii()
'ä'.isascii()
'a\tb'.expandtabs(4)
'pre-x'.removeprefix('pre-')
'x.txt'.removesuffix('.txt')
'ß'.casefold()
'ß'.upper()
'{} {}'.format(1, 'x')
'{0} {1} {0}'.format('a', 'b')
'{a} {b}'.format(a=1, b=[1])
'{:>5}|{:<5}|{:^5}|{:05d}|{:+d}|{:x}|{:#x}|{:b}'.format('a', 'b', 'c', 42, 42, 255, 255, 5)
'{:.2f}|{:8.3f}|{:,}|{:_}|{:%}|{:e}|{:g}'.format(3.14159, 2.5, 1234567, 1234567, 0.25, 12345.678, 0.5)
'{0[a]} {1[0]}'.format({'a': 1}, [9])
'{{}} {!r}'.format('x')
'{:{w}}|'.format('a', w=4)
'{}'.format()
'{:*^9}'.format('mid')
'{:s}'.format('x')
'{:d}'.format('x')
'{:.3}'.format('abcdef')
'{:.3}'.format(1.0)
d.keys()
d.values()
d.items()
d.get('a')
d.get('q')
d.get('q', 5)
d.items() | list | length
d.copy() == d
list.index(1)
list.index(9)
list.count(1)
[1, 2].copy()
(1, 2, 1).count(1)
(1, 2, 1).index(2)
s.nomethod()
s()
nope()
s.upper(1)
(2.0).is_integer()
(255).bit_length()
range(5)
range(2, 5)
range(5, 0, -2)
range(1, 2, 0)
dict(a=1, b=2)
dict([('a', 1)])
dict({'a': 1}, b=2)
'x' | upper
'x' | nosuchfilter
-3 | abs
-3.5 | abs
'x' | abs
42.55 | round(1)
42.55 | round
2.5 | round
3.5 | round
2.675 | round(2)
0.5 | round
1.5 | round
-2.5 | round
42 | round
42 | round(2)
42.1 | round(method='ceil')
42.9 | round(method='floor')
42.123 | round(2, 'ceil')
1234.5 | round(-2)
1250 | round(-2)
'42' | int
'42.9' | int
'x' | int
'x' | int(5)
'0x1f' | int(base=16)
'ff' | int(0, 16)
'101' | int(base=2)
' 12 ' | int
none | int
42.9 | int
true | int
[] | int
'1e3' | int
'1_000' | int
'-5' | int
'inf' | int
'1.5' | float
'x' | float
'x' | float(1.5)
(e ~ 'inf') | float
(e ~ 'nan') | float
(e ~ '-Infinity') | float | int
3 | float
none | float(2.0)
'1e5' | float
[1, 2] | string
none | string
1.0 | string
s | list
d | list
range(3) | list
none | list
5 | list
s | length
d | length
list | count
5 | length
list | first
list | last
'' | first
[] | last
'abc' | last
list | sort
list | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(reverse=true)
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name') | map(attribute='name') | list
users | sort(attribute='age', reverse=true) | map(attribute='name') | list
users | sort(attribute='nope')
[1, 'a'] | sort
words | unique | list
words | unique(case_sensitive=true) | list
users | unique(attribute='age') | map(attribute='name') | list
[1, 1.0, true, 'a'] | unique | list
list | min
list | max
words | min
words | max(case_sensitive=true)
users | min(attribute='age')
users | max(attribute='age')
[] | min
list | sum
users | sum(attribute='age')
users | sum('age', 100)
[1.5, 2] | sum
['a', 'b'] | sum
[[1], [2]] | sum(start=[])
list | join
list | join(', ')
users | join(', ', attribute='name')
words | join('|')
nothing | join
list | reverse | list
'abc' | reverse
users | map(attribute='name') | list
users | map(attribute='tags.0', default='none') | list
users | map(attribute='nope') | list
users | map(attribute='nope', default=1) | list
words | map('upper') | list
words | map('replace', 'a', 'A') | list
[1.55, 2.45] | map('round', 1) | list
list | map
list | map('nosuch') | list
list | select('odd') | list
list | select('gt', 1) | list
list | select('>', 1) | list
[0, 1, '', 'a', none] | select | list
[0, 1, '', 'a', none] | reject | list
list | reject('odd') | list
users | selectattr('on') | map(attribute='name') | list
users | rejectattr('on') | map(attribute='name') | list
users | selectattr('age', 'equalto', 30) | map(attribute='name') | list
users | selectattr('age', '>', 26) | list | length
users | selectattr('nope') | list
users | selectattr('nope', 'defined') | list
users | selectattr('name', 'in', ['bob']) | map(attribute='name') | list
users | rejectattr('tags') | map(attribute='name') | list
users | groupby('age') | map('list') | list
users | groupby('age') | map(attribute='grouper') | list
users | groupby('nope', default=1) | map('first') | list
words | groupby(0) | map('first') | list
list | batch(2) | list
list | batch(2, 0) | list
[1,2,3,4,5] | slice(3) | list
[1,2,3,4,5,6,7] | slice(3, 'x') | list
d | dictsort
{'b': 1, 'A': 2} | dictsort
{'b': 1, 'A': 2} | dictsort(case_sensitive=true)
{'b': 1, 'A': 2} | dictsort(by='value', reverse=true)
d | items | list
nope | items | list
s | capitalize
s | title
'foo-bar (baz) [qux' | title
s | upper | lower
s | replace('o', '0')
s | replace('o', '0', 1)
5 | replace('5', '6')
'  x ' | trim
'xxaxx' | trim('x')
'x' | center(5)
s | truncate(8)
s | truncate(8, true)
s | truncate(5, true, '..', 0)
'one two three four' | truncate(12, false, '...', 0)
'one two three four' | wordwrap(9)
'onetwothreefour five' | wordwrap(6)
'onetwothreefour five' | wordwrap(6, false)
'well-known long-winded words' | wordwrap(10)
'well-known long-winded words' | wordwrap(10, break_on_hyphens=false)
text | wordwrap(3, wrapstring='|')
s | wordcount
text | indent
text | indent(2, true)
text | indent(2, false, true)
text | indent('> ', first=true)
'a\n' | indent
'%s-%s' | format(1, 'x')
'%(a)s' | format(a=5)
html | escape
html | e | length
html | striptags
'<p>a</p>  <!-- c -->b &amp; c' | striptags
html | safe
html | forceescape
'a b/c?d=ä&e' | urlencode
{'a': 'x y', 'b': '/'} | urlencode
[('a', 1), ('b', 'c d')] | urlencode
{'class': 'a b', 'id': none, 'x': '<'} | xmlattr
1000 | filesizeformat
1 | filesizeformat
0 | filesizeformat
1500000 | filesizeformat
1048576 | filesizeformat(true)
'13000' | filesizeformat
{'a': [1, 2], 'b': '<x>'} | tojson
{'b': 1, 'a': none} | tojson(indent=2)
[1, 1.5, true, none, 'ä'] | tojson
users | pprint
[1, 2] | pprint
nope | default('x')
nope | d
e | default('x')
e | default('x', true)
none | default('x')
nothing
nothing is defined
nothing is none
nothing ~ 'x'
nope | default(none)
'x' | int(none)
'x' | float(none)
nothings | first
nothings | last
nothings | unique | list
nothings | map('default', 5, true) | list
nothings[0]
[nothing, 1] | list
{'a': nothing}.get('a', 5)
{'a': nothing}['a']
{'a': nothing}.a is none
{'a': 1}.pop('q', none)
{'keys': none}['keys']
[{'a': none}] | map(attribute='a', default=3) | list
[{'a': none}] | map(attribute='a') | first is none
[none] | min
d.q | default(1) + 1
nope.x | default('deep')
s | attr('nope') | default('none')
'a' is string
1 is string
1 is number
true is number
1.0 is number
1 is integer
true is integer
1.0 is float
1 is float
true is boolean
1 is boolean
none is none
d is mapping
list is mapping
list is sequence
s is sequence
d is sequence
5 is sequence
s is iterable
5 is iterable
range is callable
s is callable
nope is defined
nope is undefined
i is defined
d.q is defined
d.a is defined
nope is not defined
3 is odd
4 is even
'x' is odd
6 is divisibleby 3
6 is divisibleby(4)
1 is sameas true
true is sameas true
none is sameas none
'a' is in 'abc'
1 is in [1]
'ABC' is upper
'abc' is lower
'Abc' is upper
1 is eq 1
1 is ==(1)
1 is ne 2
1 is lt 2
2 is greaterthan 1
2 is ge 2
2 is le(1)
true is true
false is false
1 is true
'upper' is filter
'nosuch' is filter
'odd' is test
'x' is escaped
1 is nosuchtest
3 is odd and 4 is even
3 is odd is even
not 3 is odd
3 is not odd
1 + 1 is number
(1 + 1) is even
'abc' is string and 'abc' | length > 2
-1 | abs
- 1 | abs
-(1 | abs)
2 * 3 | abs
'a' ~ 'b' | upper
('a' ~ 'b') | upper
[1,2][0] | string ~ 'x'
users[0].tags | length
users[-1]['name']
users | length > 2 and users[0].age == 30
(users | first).name
users | map(attribute='tags') | map('length') | list
[[1,2],[3]] | map('sum') | list
1 if users else 2
[x for x in list]
1 +
(1
[1, 2
{'a' 1}
1 2
a b
'unclosed
{{ 1 }}
1 === 1
a && b
!a
lambda: 1
`
  .split("\n")
  .filter((line) => line !== "");
