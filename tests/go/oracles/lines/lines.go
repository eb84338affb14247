// Package lines answers JSON documents, one a line.
package lines

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
	"strings"
)

// Answer reads requests from standard input until it ends, and writes an answer to each.
func Answer[Request, Reply any](answer func(Request) Reply) {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	in.UseNumber()
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for {
		var request Request
		switch err := in.Decode(&request); err {
		case nil:
		case io.EOF:
			if err := out.Flush(); err != nil {
				log.Fatalf("writing the answers: %v", err)
			}
			return
		default:
			log.Fatalf("reading a request: %v", err)
		}
		if err := encoder.Encode(answer(request)); err != nil {
			log.Fatalf("writing an answer: %v", err)
		}
	}
}

// Typed replaces numbers: whole ones become int, all others float64.
func Typed(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil && !strings.ContainsAny(v.String(), ".eE") {
			return int(i)
		}
		f, err := v.Float64()
		if err != nil {
			log.Fatalf("number %s: %v", v, err)
		}
		return f
	case []any:
		for i := range v {
			v[i] = Typed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = Typed(v[k])
		}
	}
	return v
}
