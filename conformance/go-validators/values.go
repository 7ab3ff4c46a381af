package main

import (
	"math"
	"sort"
	"strings"

	"github.com/golang/protobuf/proto"
)

// What rules, formats and escapes may stumble over.
var texts = []string{
	"", "z", "zz", "zzz", "zzzzz", "zzzzzz", "zhangsan", "ZhangSan", "abc", "abcabc", "a", "ab", "abcd", "abcdef", "san", "é",
	"日本", "日", "été", "naïve", "ffff", "fff\n", "zzz\n", "\nzzz", "1+1", "1+", "123", "٣", "user@example.com", "user@example",
	"first.last@sub.example.org", "\"", "\\", "'", "\"quoted\" \\ and 'more'", "\x00", "\x01\x02", "tab\there", "line\nend\r\n",
	"\x7f", "\u00a0", "\u200b", "\ufeff", "\ufffd", "\U0001f600", "%d", "%v and %s", "100%", "value '%v' must", "`", " ", "  ",
	"a b c", "a z b", "az", "under_score9", "_", "a_very_long_text_that_no_length_has_room_for", "e\u0301", "K", "ſ", "[1 2]",
	"00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "000003e8-2d6e-21f0-8500-325096b39f47",
	"6fa459ea-ee8a-3ca4-894e-db77e160355e", "16fd2706-8baf-433b-82eb-8c7fada847da", "886313e1-3b8a-5372-9b90-0c9aee199e5d",
	"886313E1-3B8A-5372-9B90-0C9AEE199E5D", "886313e1-3b8a-6372-9b90-0c9aee199e5d", "886313e1-3b8a-4372-|b90-0c9aee199e5d",
	"886313e1-3b8a-4372-cb90-0c9aee199e5d", "886313e13b8a43729b900c9aee199e5d", "886313e1-3b8a-4372-Bb90-0c9aee199e5",
	"g86313e1-3b8a-4372-9b90-0c9aee199e5d", "886313e1-3b8a-1372-Ab90-0c9aee199e5d", "886313e1-3b8a-2372-ab90-0c9aee199e5d",
}

// Near them rules have their limits.
var integers = []int64{
	0, 1, -1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 99, 100, 101, -6, -7, -8, -4, -5, 3, 999999,
	1000000, 1000001, math.MaxInt32, math.MaxInt32 - 1, math.MinInt32, math.MinInt32 + 1, math.MaxUint32, math.MaxUint32 - 1,
	math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1, math.MinInt64 + 2,
}

var floats = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 0.2, 0.25, 0.249999, 0.3, 0.29999999999999999, 0.30000000000000004, 0.31, 0.35, 0.36,
	0.34, 0.4, 0.45, 0.46, 0.47, 0.48, 0.49, 0.5, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.6, 0.65, 0.66, 0.69, 0.7, 0.700001, 0.71,
	0.75, 0.750001, 0.8, 0.85, 0.9, 0.95, 1.4, 1.5, 1.51, -1.5, -1.500001, 2, 100, 1e5, 999999, 1e6, 1000001, 123456, 1234567,
	123456789, 1.23456789e8, 1e20, 1e21, 1.1e21, 1e22, 1e29, 1e30, 1e31, -1e21, 1e-4, 1e-5, 1.5e-5, 0.00012345, 1e-7, 1e-8,
	9.999999e-8, 1e38, 3.5e38, 1e100, 1e-45, 1e-300, 5e-324, math.MaxFloat64, math.MaxFloat32, math.SmallestNonzeroFloat32,
	math.Pi, math.NaN(), math.Inf(1), math.Inf(-1), 16777216, 16777217, 9007199254740993,
}

func (g *generator) text() string {
	if g.Intn(4) > 0 {
		return texts[g.Intn(len(texts))]
	}
	alphabets := []string{"z", "abcz", "abcdefghijklmnopqrstuvwxyz", "0123456789", "AZaz09_", "éa日zñ", "\x00\x1f\"\\'`%\u0080\u2028"}
	alphabet := []rune(alphabets[g.Intn(len(alphabets))])
	var made strings.Builder
	for length := g.Intn(12); length > 0; length-- {
		made.WriteRune(alphabet[g.Intn(len(alphabet))])
	}
	return made.String()
}

func (g *generator) integer() uint64 {
	switch g.Intn(4) {
	case 0:
		return g.Uint64()
	case 1:
		return uint64(int64(g.Intn(41)) - 20)
	default:
		return uint64(integers[g.Intn(len(integers))])
	}
}

func (g *generator) float() float64 {
	switch g.Intn(6) {
	case 0:
		return math.Float64frombits(g.Uint64())
	case 1:
		return float64(math.Float32frombits(g.Uint32()))
	case 2:
		return g.Float64()
	case 3:
		return float64(int64(g.integer()))
	default:
		return floats[g.Intn(len(floats))]
	}
}

// enum gives one of the values, or, where those of others may come off the wire, any number.
func (g *generator) enum(name string, open bool) int32 {
	if open && g.Intn(3) == 0 {
		return int32(g.integer())
	}
	var numbers []int
	for _, number := range proto.EnumValueMap(name) {
		numbers = append(numbers, int(number))
	}
	sort.Ints(numbers)
	return int32(numbers[g.Intn(len(numbers))])
}
