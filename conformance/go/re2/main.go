// Go's regexp as a peer: answers what it says of patterns and texts, for the suite re2. It reads requests from standard
// input and writes answers to standard output; numbers are 32 bits, little-endian, and bytes come behind their number.
//
//	'm' pattern, texts   what regexp.MatchString says: its error, or a byte for each text
//	's' pattern          the characters of a pattern that is one class: its error, or pairs of first and last
//	'n'                  the names of all categories and scripts
//
// An answer begins with a byte: 0 and an error's text, or 1. Knows nothing of Gannet.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
)

var (
	in  = bufio.NewReader(os.Stdin)
	out = bufio.NewWriter(os.Stdout)
)

func main() {
	for {
		request, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		switch request {
		case 'm':
			match(readString())
		case 's':
			set(readString())
		case 'n':
			names()
		default:
			log.Fatalf("no request %q", request)
		}
		// Answer in bulk while there are more requests.
		if in.Buffered() == 0 {
			check(out.Flush())
		}
	}
	check(out.Flush())
}

func match(pattern string) {
	texts := make([][]byte, readNumber())
	for i := range texts {
		texts[i] = []byte(readString())
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		refuse(err)
		return
	}
	check(out.WriteByte(1))
	for _, text := range texts {
		matched := byte(0)
		if re.Match(text) {
			matched = 1
		}
		check(out.WriteByte(matched))
	}
}

func set(pattern string) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		refuse(err)
		return
	}
	var runes []rune
	switch {
	case re.Op == syntax.OpCharClass:
		runes = re.Rune
	case re.Op == syntax.OpAnyChar:
		runes = []rune{0, unicode.MaxRune}
	case re.Op == syntax.OpLiteral && len(re.Rune) == 1:
		r := re.Rune[0]
		runes = []rune{r, r}
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				runes = append(runes, f, f)
			}
		}
	default:
		refuse(fmt.Errorf("%s is %v, not a class", pattern, re.Op))
		return
	}
	check(out.WriteByte(1))
	writeNumber(len(runes) / 2)
	for _, r := range runes {
		writeNumber(int(r))
	}
}

func names() {
	all := slices.Concat(
		slices.Sorted(maps.Keys(unicode.Categories)),
		slices.Sorted(maps.Keys(unicode.CategoryAliases)),
		slices.Sorted(maps.Keys(unicode.Scripts)),
	)
	check(out.WriteByte(1))
	writeNumber(len(all))
	for _, name := range all {
		writeString(name)
	}
}

func refuse(err error) {
	check(out.WriteByte(0))
	writeString(err.Error())
}

func readNumber() int {
	var bytes [4]byte
	_, err := io.ReadFull(in, bytes[:])
	check(err)
	return int(binary.LittleEndian.Uint32(bytes[:]))
}

func readString() string {
	bytes := make([]byte, readNumber())
	_, err := io.ReadFull(in, bytes)
	check(err)
	return string(bytes)
}

func writeNumber(n int) {
	check(binary.Write(out, binary.LittleEndian, uint32(n)))
}

func writeString(text string) {
	writeNumber(len(text))
	_, err := out.WriteString(text)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
