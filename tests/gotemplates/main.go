// Command gotemplates renders templates as Kelos does: text/template, missingkey=error and no
// functions but Go's own. It reads one JSON document a line, {"template": …, "vars": {…}}, and
// writes one a line: {"output": …}, or {"error": …, "phase": "parse" or "execute"}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"
	"strings"
	"text/template"
	"unicode/utf8"
)

type request struct {
	Template string         `json:"template"`
	Vars     map[string]any `json:"vars"`
}

type answer struct {
	Output *string `json:"output,omitempty"`
	Error  string  `json:"error,omitempty"`
	Phase  string  `json:"phase,omitempty"`
	// The output is not UTF-8, so JSON can't carry it.
	Binary bool `json:"binary,omitempty"`
}

func main() {
	in := json.NewDecoder(os.Stdin)
	in.UseNumber()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for {
		var r request
		switch err := in.Decode(&r); err {
		case nil:
		case io.EOF:
			return
		default:
			log.Fatalf("reading a request: %v", err)
		}
		if err := encoder.Encode(render(r)); err != nil {
			log.Fatalf("writing an answer: %v", err)
		}
	}
}

func render(r request) answer {
	t, err := template.New("template").Option("missingkey=error").Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error(), Phase: "parse"}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, typed(r.Vars)); err != nil {
		return answer{Error: err.Error(), Phase: "execute"}
	}
	if !utf8.Valid(b.Bytes()) {
		return answer{Binary: true}
	}
	s := b.String()
	return answer{Output: &s}
}

// typed replaces numbers: whole ones become int, all others float64.
func typed(v any) any {
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
			v[i] = typed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = typed(v[k])
		}
	}
	return v
}
