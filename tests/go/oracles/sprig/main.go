// Command sprig calls functions of Sprig, as a Go template calls them. It reads one JSON document a
// line, {"name": …, "args": […]}, and writes one a line: {"result": …}, or {"error": …}.
//
// Whole numbers are ints, all others float64. A result says its type: numbers are {"int": …} or
// {"float": …}, texts, lists, maps, booleans and null are themselves.
package main

import (
	"fmt"
	"io"
	"reflect"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/Masterminds/sprig/v3"

	"oracles/lines"
)

type request struct {
	Name string `json:"name"`
	Args []any  `json:"args"`
}

type answer struct {
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
	// The result is no text, so JSON can't carry it.
	Binary bool `json:"binary,omitempty"`
}

func main() {
	time.Local = time.UTC
	lines.Answer(call)
}

// call lets a template call the function, so that arguments are converted as templates do it.
func call(r request) (a answer) {
	var result any
	functions := sprig.TxtFuncMap()
	functions["record"] = func(v any) string {
		result = v
		return ""
	}
	source := "{{record (" + r.Name
	for i := range r.Args {
		r.Args[i] = lines.Typed(r.Args[i])
		source += fmt.Sprintf(" (index . %d)", i)
	}
	t, err := template.New("call").Funcs(functions).Parse(source + ")}}")
	if err != nil {
		return answer{Error: err.Error()}
	}
	if err := t.Execute(io.Discard, r.Args); err != nil {
		return answer{Error: err.Error()}
	}
	defer func() {
		if recover() != nil {
			a = answer{Binary: true}
		}
	}()
	return answer{Result: tagged(reflect.ValueOf(result))}
}

// tagged makes the types of numbers visible; it panics where a text is not UTF-8.
func tagged(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Interface, reflect.Pointer:
		return tagged(v.Elem())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"int": v.Int()}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"float": fmt.Sprint(v.Float())}
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			panic("no text")
		}
		return v.String()
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = tagged(v.Index(i))
		}
		return list
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range v.MapKeys() {
			entries[key.String()] = tagged(v.MapIndex(key))
		}
		return map[string]any{"map": entries}
	default:
		return fmt.Sprint(v.Interface())
	}
}
