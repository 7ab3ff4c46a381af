// Makes random messages of the protos in proto/ and writes what the validators of go-proto-validators say of each.
//
//	go run . -seed 1 -count 20000 >cases
//
// A line for each message: its full name, its bytes in hexadecimal, and the error's text, or OK. Tabs lie between the three;
// in the text, a backslash, a tab and the ends of lines are written as \\, \t, \n and \r. The same seed gives the same lines.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/golang/protobuf/proto"
	"github.com/golang/protobuf/protoc-gen-go/descriptor"

	_ "gannet/conformance/validators/generated/nested2"
	_ "gannet/conformance/validators/generated/nested3"
	_ "gannet/conformance/validators/generated/other3"
	_ "gannet/conformance/validators/generated/scalars2"
	_ "gannet/conformance/validators/generated/scalars3"
)

var files = []string{"nested2.proto", "nested3.proto", "other3.proto", "scalars2.proto", "scalars3.proto"}

type validator interface {
	Validate() error
}

func main() {
	seed := flag.Int64("seed", 1, "the seed of the random values")
	count := flag.Int("count", 20000, "how many messages")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	names := messages()
	generator := &generator{rand.New(rand.NewSource(*seed))}
	escape := strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r")
	for made := 0; made < *count; made++ {
		// Each gets its share, however many fields it has; those with many get more.
		name := names[made%len(names)]
		made := reflect.New(proto.MessageType(name).Elem())
		generator.fill(made.Elem(), 0)
		buffer := proto.NewBuffer(nil)
		buffer.SetDeterministic(true)
		if err := buffer.Marshal(made.Interface().(proto.Message)); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		encoded := buffer.Bytes()
		// As it comes off the wire: what is empty there is nil here.
		decoded := reflect.New(proto.MessageType(name).Elem()).Interface().(proto.Message)
		if err := proto.Unmarshal(encoded, decoded); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		text := "OK"
		if err := decoded.(validator).Validate(); err != nil {
			text = err.Error()
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", name, hex.EncodeToString(encoded), escape.Replace(text))
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// messages names all messages, those with many fields several times.
func messages() []string {
	var names []string
	for _, file := range files {
		reader, err := gzip.NewReader(bytes.NewReader(proto.FileDescriptor(file)))
		if err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		encoded, err := io.ReadAll(reader)
		if err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		var described descriptor.FileDescriptorProto
		if err := proto.Unmarshal(encoded, &described); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		for _, message := range described.MessageType {
			if len(message.Field) == 0 {
				continue
			}
			for share := 0; share <= len(message.Field)/2; share++ {
				names = append(names, described.GetPackage()+"."+message.GetName())
			}
		}
	}
	sort.Strings(names)
	return names
}

// generator makes values.
type generator struct {
	*rand.Rand
}

// fill sets a few of a message's fields: of a message with many, the first that is broken hides the others.
func (g *generator) fill(message reflect.Value, depth int) {
	var fields []int
	kind := message.Type()
	for index := 0; index < kind.NumField(); index++ {
		tag := kind.Field(index).Tag.Get("protobuf")
		if strings.HasPrefix(kind.Field(index).Name, "XXX_") {
			continue
		}
		if strings.Contains(tag, ",req,") {
			g.set(message, index, depth)
			continue
		}
		fields = append(fields, index)
	}
	g.Shuffle(len(fields), func(one, other int) { fields[one], fields[other] = fields[other], fields[one] })
	if depth > 4 {
		return
	}
	most := 1 + g.Intn(4)
	for index := 0; index < most && index < len(fields); index++ {
		if g.Intn(8) > 0 {
			g.set(message, fields[index], depth)
		}
	}
}

// set gives one field a value.
func (g *generator) set(message reflect.Value, index, depth int) {
	field, kind := message.Field(index), message.Type().Field(index)
	tag := kind.Tag.Get("protobuf")
	if kind.Tag.Get("protobuf_oneof") != "" {
		wrappers := message.Addr().MethodByName("XXX_OneofWrappers").Call(nil)[0].Interface().([]interface{})
		var fitting []reflect.Type
		for _, wrapper := range wrappers {
			if reflect.TypeOf(wrapper).Implements(kind.Type) {
				fitting = append(fitting, reflect.TypeOf(wrapper).Elem())
			}
		}
		chosen := reflect.New(fitting[g.Intn(len(fitting))])
		g.value(chosen.Elem().Field(0), chosen.Elem().Type().Field(0).Tag.Get("protobuf"), depth)
		field.Set(chosen)
		return
	}
	switch {
	case field.Kind() == reflect.Map:
		field.Set(reflect.MakeMap(field.Type()))
		for entries := g.Intn(4); entries > 0; entries-- {
			key, value := reflect.New(field.Type().Key()).Elem(), reflect.New(field.Type().Elem()).Elem()
			g.value(key, kind.Tag.Get("protobuf_key"), depth+1)
			g.value(value, kind.Tag.Get("protobuf_val"), depth+1)
			field.SetMapIndex(key, value)
		}
	case field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8:
		items := g.Intn(5)
		if depth > 2 {
			items = 0
		}
		field.Set(reflect.MakeSlice(field.Type(), items, items))
		for item := 0; item < items; item++ {
			g.value(field.Index(item), tag, depth+1)
		}
	default:
		g.value(field, tag, depth)
	}
}

// value gives a field, an item or an entry's half a value, by the field's tag.
func (g *generator) value(target reflect.Value, tag string, depth int) {
	if target.Kind() == reflect.Ptr {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	switch target.Kind() {
	case reflect.Struct:
		g.fill(target, depth+1)
	case reflect.String:
		target.SetString(g.text())
	case reflect.Slice:
		target.SetBytes([]byte(g.text()))
		if g.Intn(3) == 0 {
			data := make([]byte, g.Intn(7))
			g.Read(data)
			target.SetBytes(data)
		}
	case reflect.Bool:
		target.SetBool(g.Intn(2) == 0)
	case reflect.Int32, reflect.Int64:
		if _, name, found := strings.Cut(tag, "enum="); found {
			name, _, _ = strings.Cut(name, ",")
			target.SetInt(int64(g.enum(name, strings.Contains(tag, "proto3"))))
			return
		}
		target.SetInt(int64(g.integer()))
	case reflect.Uint32, reflect.Uint64:
		target.SetUint(g.integer())
	case reflect.Float32, reflect.Float64:
		target.SetFloat(g.float())
		if g.Intn(16) == 0 {
			target.SetFloat(float64(float32(g.float())))
		}
	default:
		log.Fatalf("no values of %v", target.Type())
	}
}
