// Command gotemplates renders templates as Kelos does: text/template, missingkey=error and no
// functions but Go's own. It reads one JSON document a line, {"template": …, "vars": {…}}, and
// writes one a line: {"output": …}, or {"error": …, "phase": "parse" or "execute"}.
package main

import (
	"bytes"
	"text/template"
	"unicode/utf8"

	"oracles/lines"
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
	lines.Answer(render)
}

func render(r request) answer {
	t, err := template.New("template").Option("missingkey=error").Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error(), Phase: "parse"}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, lines.Typed(r.Vars)); err != nil {
		return answer{Error: err.Error(), Phase: "execute"}
	}
	if !utf8.Valid(b.Bytes()) {
		return answer{Binary: true}
	}
	s := b.String()
	return answer{Output: &s}
}
