// cel-go with protovalidate's functions as a peer: answers what it says of expressions, for the suite cel. It reads
// requests from standard input and writes answers to standard output; numbers are 64 bits, little-endian, and bytes come
// behind their number.
//
//	expression, a, b, n, m   its value where the strings a and b and the ints n and m are these
//
// An answer is a byte, 0 for an error, 1 for a value, and its text. Knows nothing of Gannet.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	functions "buf.build/go/protovalidate/cel"
	"cel.dev/cel-go/cel"
)

var (
	in  = bufio.NewReader(os.Stdin)
	out = bufio.NewWriter(os.Stdout)
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "messages" {
		answerMessages()
		return
	}
	environment, err := cel.NewEnv(
		cel.Lib(functions.NewLibrary()),
		cel.Variable("a", cel.StringType), cel.Variable("b", cel.StringType),
		cel.Variable("n", cel.IntType), cel.Variable("m", cel.IntType),
	)
	check(err)
	programs := map[string]cel.Program{}
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			break
		}
		expression := readString()
		variables := map[string]any{"a": readString(), "b": readString(), "n": readNumber(), "m": readNumber()}
		program, ok := programs[expression]
		if !ok {
			ast, issues := environment.Compile(expression)
			check(issues.Err())
			program, err = environment.Program(ast)
			check(err)
			programs[expression] = program
		}
		value, _, err := program.Eval(variables)
		if err != nil {
			answer(0, err.Error())
		} else {
			answer(1, fmt.Sprint(value.Value()))
		}
	}
	check(out.Flush())
}

func answer(kind byte, text string) {
	check(out.WriteByte(kind))
	check(binary.Write(out, binary.LittleEndian, int64(len(text))))
	_, err := out.WriteString(text)
	check(err)
	if in.Buffered() == 0 {
		check(out.Flush())
	}
}

func readNumber() (number int64) {
	check(binary.Read(in, binary.LittleEndian, &number))
	return
}

func readString() string {
	text := make([]byte, readNumber())
	_, err := io.ReadFull(in, text)
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
