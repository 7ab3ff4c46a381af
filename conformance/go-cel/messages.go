// Expressions over messages, for the groups of the suite cel that compare the interpreter. With the argument "messages" the
// program reads an encoded FileDescriptorSet, registers its types, and then answers requests:
//
//	expression, type, message   its value where `this` is the encoded message of that type
//
// An answer is a byte, 0 for an error, 1 for a value, 2 for an expression that does not compile, and its text; values are
// written so that their types show.
package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	functions "buf.build/go/protovalidate/cel"
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	// What descriptors refer to, and what an Any may hold.
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
	_ "google.golang.org/protobuf/types/known/wrapperspb"
)

func answerMessages() {
	register([]byte(readString()))
	environments := map[string]*cel.Env{}
	programs := map[[2]string]cel.Program{}
	faults := map[[2]string]string{}
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			break
		}
		expression, name, encoded := readString(), readString(), []byte(readString())
		descriptor, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
		check(err)
		environment, ok := environments[name]
		if !ok {
			environment, err = cel.NewEnv(cel.Lib(functions.NewLibrary()), cel.Variable("this", cel.ObjectType(name)))
			check(err)
			environments[name] = environment
		}
		key := [2]string{expression, name}
		if _, known := faults[key]; !known && programs[key] == nil {
			if ast, issues := environment.Compile(expression); issues.Err() != nil {
				faults[key] = issues.Err().Error()
			} else {
				// A constant part that fails does so here.
				program, err := environment.Program(ast)
				if err != nil {
					answer(0, err.Error())
					continue
				}
				programs[key] = program
			}
		}
		if fault, known := faults[key]; known {
			answer(2, fault)
			continue
		}
		message := descriptor.New().Interface()
		check(proto.Unmarshal(encoded, message))
		value, _, err := programs[key].Eval(map[string]any{"this": message, "now": time.Now()})
		if err != nil {
			answer(0, err.Error())
		} else {
			answer(1, written(value))
		}
	}
	check(out.Flush())
}

func register(encoded []byte) {
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(encoded, set))
	for _, file := range set.GetFile() {
		if _, err := protoregistry.GlobalFiles.FindFileByPath(file.GetName()); err == nil {
			continue
		}
		descriptor, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
		check(err)
		check(protoregistry.GlobalFiles.RegisterFile(descriptor))
		registerMessages(descriptor.Messages())
	}
}

func registerMessages(messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		if !messages.Get(i).IsMapEntry() {
			check(protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(messages.Get(i))))
		}
		registerMessages(messages.Get(i).Messages())
	}
}

// written is a value with its type, maps in the order of their keys as they are written.
func written(value ref.Val) string {
	switch value := value.(type) {
	case types.Null:
		return "null"
	case types.Bool, types.Int:
		return fmt.Sprint(value.Value())
	case types.Uint:
		return fmt.Sprint(value.Value()) + "u"
	case types.Double:
		number := float64(value)
		if math.IsNaN(number) {
			return "NaN"
		}
		return fmt.Sprintf("double %x", math.Float64bits(number))
	case types.String:
		return `"` + string(value) + `"`
	case types.Bytes:
		return "bytes " + hex.EncodeToString(value)
	case types.Timestamp:
		return fmt.Sprintf("timestamp %d %d", value.Unix(), value.Nanosecond())
	case types.Duration:
		return fmt.Sprintf("duration %d", int64(value.Duration))
	case ref.Type:
		return "type " + value.TypeName()
	case *types.Err:
		return "error"
	case traits.Mapper:
		entries := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			entries = append(entries, written(key)+": "+written(value.Get(key)))
		}
		slices.Sort(entries)
		return "{" + strings.Join(entries, ", ") + "}"
	case traits.Lister:
		items := []string{}
		for it := value.Iterator(); it.HasNext() == types.True; {
			items = append(items, written(it.Next()))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	message, ok := value.Value().(proto.Message)
	if !ok {
		return fmt.Sprintf("%T", value)
	}
	fields := []string{}
	object := value.(traits.Indexer)
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		name := string(field.Name())
		fields = append(fields, name+": "+written(object.Get(types.String(name))))
		return true
	})
	slices.Sort(fields)
	return string(message.ProtoReflect().Descriptor().FullName()) + "{" + strings.Join(fields, ", ") + "}"
}
