#include "query/flux/signatures.h"

namespace weir::query::flux {

const std::string_view kScalarSignatures = R"(
package array experimental/array
concat : (<-arr: [A], v: [A]) => [A]
filter : (<-arr: [A], fn: (x: A) => bool) => [A]
from : (<-rows: [A]) => stream[A] where A: Record
map : (<-arr: [A], fn: (x: A) => B) => [B]
package bitwise experimental/bitwise
snot : (a: int) => int
srshift : (a: int, b: int) => int
unot : (a: uint) => uint
urshift : (a: uint, b: uint) => uint
sand : (a: int, b: int) => int
sclear : (a: int, b: int) => int
slshift : (a: int, b: int) => int
sor : (a: int, b: int) => int
sxor : (a: int, b: int) => int
uand : (a: uint, b: uint) => uint
uclear : (a: uint, b: uint) => uint
ulshift : (a: uint, b: uint) => uint
uor : (a: uint, b: uint) => uint
uxor : (a: uint, b: uint) => uint
package contrib/bonitoo-io/hex
bytes : (v: string) => bytes
int : (v: string) => int
string : (v: A) => string
uint : (v: string) => uint
package date
April : int
August : int
December : int
February : int
Friday : int
January : int
July : int
June : int
March : int
May : int
Monday : int
November : int
October : int
Saturday : int
September : int
Sunday : int
Thursday : int
Tuesday : int
Wednesday : int
add : (d: duration, to: A, ?location: {offset: duration, zone: string}) => time where A: Timeable
hour : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
microsecond : (t: A) => int where A: Timeable
millisecond : (t: A) => int where A: Timeable
minute : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
month : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
monthDay : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
nanosecond : (t: A) => int where A: Timeable
quarter : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
scale : (d: duration, n: int) => duration
second : (t: A) => int where A: Timeable
sub : (d: duration, from: A, ?location: {offset: duration, zone: string}) => time where A:
    Timeable
time : (t: A, ?location: {offset: duration, zone: string}) => time where A: Timeable
truncate : (t: A, unit: duration, ?location: {offset: duration, zone: string}) => time where A:
    Timeable
week : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
weekDay : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
year : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
yearDay : (t: A, ?location: {offset: duration, zone: string}) => int where A: Timeable
package date/boundaries experimental/date/boundaries
friday : () => {start: time, stop: time}
monday : () => {start: time, stop: time}
month : (?month_offset: int) => {start: time, stop: time}
saturday : () => {start: time, stop: time}
sunday : () => {start: time, stop: time}
thursday : () => {start: time, stop: time}
tuesday : () => {start: time, stop: time}
wednesday : () => {start: time, stop: time}
week : (?start_sunday: bool, ?week_offset: int) => {start: time, stop: time}
yesterday : () => {start: time, stop: time}
package dict
fromList : (pairs: [{value: A, key: B}]) => [B:A] where B: Comparable
get : (default: A, dict: [B:A], key: B) => A where B: Comparable
insert : (dict: [A:B], key: A, value: B) => [A:B] where A: Comparable
remove : (dict: [A:B], key: A) => [A:B] where A: Comparable
package experimental/array
toBool : (<-arr: [A]) => [bool]
toDuration : (<-arr: [A]) => [duration]
toFloat : (<-arr: [A]) => [float]
toInt : (<-arr: [A]) => [int]
toString : (<-arr: [A]) => [string]
toTime : (<-arr: [A]) => [time]
toUInt : (<-arr: [A]) => [uint]
package experimental/dynamic
asArray : (<-v: dynamic) => [dynamic]
dynamic : (v: A) => dynamic
isType : (type: string, v: dynamic) => bool
jsonEncode : (v: dynamic) => bytes
jsonParse : (data: bytes) => dynamic
package experimental/json
parse : (data: bytes) => A
package json
encode : (v: A) => bytes
package math
NaN : () => float
abs : (x: float) => float
acos : (x: float) => float
acosh : (x: float) => float
asin : (x: float) => float
asinh : (x: float) => float
atan : (x: float) => float
atan2 : (x: float, y: float) => float
atanh : (x: float) => float
cbrt : (x: float) => float
ceil : (x: float) => float
copysign : (x: float, y: float) => float
cos : (x: float) => float
cosh : (x: float) => float
dim : (x: float, y: float) => float
e : float
erf : (x: float) => float
erfc : (x: float) => float
erfcinv : (x: float) => float
erfinv : (x: float) => float
exp : (x: float) => float
exp2 : (x: float) => float
expm1 : (x: float) => float
float64bits : (f: float) => uint
float64frombits : (b: uint) => float
floor : (x: float) => float
frexp : (f: float) => {exp: int, frac: float}
gamma : (x: float) => float
hypot : (p: float, q: float) => float
ilogb : (x: float) => int
isInf : (f: float, sign: int) => bool
isNaN : (f: float) => bool
j0 : (x: float) => float
j1 : (x: float) => float
jn : (n: int, x: float) => float
ldexp : (exp: int, frac: float) => float
lgamma : (x: float) => {sign: int, lgamma: float}
ln10 : float
ln2 : float
log : (x: float) => float
log10 : (x: float) => float
log10e : float
log1p : (x: float) => float
log2 : (x: float) => float
log2e : float
logb : (x: float) => float
mInf : (sign: int) => float
mMax : (x: float, y: float) => float
mMin : (x: float, y: float) => float
maxfloat : float
maxint : int
maxuint : uint
minint : int
mod : (x: float, y: float) => float
modf : (f: float) => {frac: float, int: float}
nextafter : (x: float, y: float) => float
phi : float
pi : float
pow : (x: float, y: float) => float
pow10 : (n: int) => float
remainder : (x: float, y: float) => float
round : (x: float) => float
roundtoeven : (x: float) => float
signbit : (x: float) => bool
sin : (x: float) => float
sincos : (x: float) => {cos: float, sin: float}
sinh : (x: float) => float
smallestNonzeroFloat : float
sqrt : (x: float) => float
sqrt2 : float
sqrte : float
sqrtphi : float
sqrtpi : float
tan : (x: float) => float
tanh : (x: float) => float
trunc : (x: float) => float
y0 : (x: float) => float
y1 : (x: float) => float
yn : (n: int, x: float) => float
package regexp
compile : (v: string) => regexp
findString : (r: regexp, v: string) => string
findStringIndex : (r: regexp, v: string) => [int]
getString : (r: regexp) => string
matchRegexpString : (r: regexp, v: string) => bool
quoteMeta : (v: string) => string
replaceAllString : (r: regexp, t: string, v: string) => string
splitRegexp : (i: int, r: regexp, v: string) => [string]
package runtime
version : () => string
package strings
compare : (t: string, v: string) => int
containsAny : (chars: string, v: string) => bool
containsStr : (substr: string, v: string) => bool
countStr : (substr: string, v: string) => int
equalFold : (t: string, v: string) => bool
hasPrefix : (prefix: string, v: string) => bool
hasSuffix : (suffix: string, v: string) => bool
index : (substr: string, v: string) => int
indexAny : (chars: string, v: string) => int
isDigit : (v: string) => bool
isLetter : (v: string) => bool
isLower : (v: string) => bool
isUpper : (v: string) => bool
joinStr : (arr: [string], v: string) => string
lastIndex : (substr: string, v: string) => int
lastIndexAny : (chars: string, v: string) => int
repeat : (i: int, v: string) => string
replace : (i: int, t: string, u: string, v: string) => string
replaceAll : (t: string, u: string, v: string) => string
split : (t: string, v: string) => [string]
splitAfter : (t: string, v: string) => [string]
splitAfterN : (i: int, t: string, v: string) => [string]
splitN : (i: int, t: string, v: string) => [string]
strlen : (v: string) => int
substring : (end: int, start: int, v: string) => string
title : (v: string) => string
toLower : (v: string) => string
toTitle : (v: string) => string
toUpper : (v: string) => string
trim : (cutset: string, v: string) => string
trimLeft : (cutset: string, v: string) => string
trimPrefix : (prefix: string, v: string) => string
trimRight : (cutset: string, v: string) => string
trimSpace : (v: string) => string
trimSuffix : (suffix: string, v: string) => string
package system
time : () => time
package timezone
fixed : (offset: A) => {zone: string, offset: A}
location : (name: string) => {offset: duration, zone: string}
utc : {zone: string, offset: duration}
package types
isNumeric : (v: A) => bool where A: Basic
isType : (type: string, v: A) => bool where A: Basic
)";

}  // namespace weir::query::flux
